// Everything that is measured, in order, each part only when asked for; knows which figures a part brings, not how.
import { gather, online, openChats, type Chat } from './cast.ts';
import { door } from './door.ts';
import type { Finding } from './finding.ts';
import { addedToMatrix, addedToNetwork } from './latency.ts';
import { memory } from './memory.ts';
import type { Bridge } from './processes.ts';
import { rest } from './rest.ts';
import type { House, Stage } from './stage.ts';
import { startup } from './startup.ts';
import { toMatrix, toNetwork } from './throughput.ts';

const LOGINS = 4;
const CONTACTS_EACH = 5;

interface Talk {
  readonly house: House;
  readonly bridge: Bridge;
  readonly chats: readonly Chat[];
}

interface Part {
  /** Beginnings of the ids it brings. */
  readonly ids: readonly string[];
  readonly title: string;
  readonly run: (stage: Stage, talk: Talk) => Promise<readonly Finding[]>;
}

/** Those that need four logins in twenty chats. */
const talking: readonly Part[] = [
  {
    ids: ['telegram.to-network.throughput', 'telegram.to-network.cpu-per-message'],
    title: 'throughput to the network',
    run: async (stage, { bridge, chats }) => await toNetwork(stage, bridge, chats),
  },
  {
    ids: ['telegram.to-matrix.throughput', 'telegram.to-matrix.cpu-per-message'],
    title: 'throughput to Matrix',
    run: async (stage, { bridge, chats }) => await toMatrix(stage, bridge, chats),
  },
  {
    ids: ['telegram.to-network.added-latency'],
    title: 'what is added to the way to the network',
    run: async (stage, { house, chats }) => await addedToNetwork(stage, house, chats),
  },
  {
    ids: ['telegram.to-matrix.added-latency'],
    title: 'what is added to the way to Matrix',
    run: async (stage, { house, chats }) => await addedToMatrix(stage, house, chats),
  },
  {
    ids: ['transaction-door'],
    title: 'the transaction door',
    run: async (stage, { house, chats }) => await door(stage, house, chats),
  },
];

/** @param only beginning of the ids that are wanted, '' for all */
export async function measurements(
  stage: Stage,
  only: string,
  say: (sentence: string) => void,
): Promise<readonly Finding[]> {
  const isWanted = (id: string): boolean => id.startsWith(only) || only.startsWith(id);
  const findings: Finding[] = [];
  const parts = talking.filter(({ ids }) => ids.some(isWanted));
  if (parts.length > 0) {
    const house = await stage.house('talk');
    const company = await gather(stage, house, LOGINS, CONTACTS_EACH);
    const bridge = house.start();
    try {
      await bridge.ready();
      await online(house, LOGINS);
      const talk = { house, bridge, chats: await openChats(stage, house, company) };
      for (const part of parts) {
        await rest(say);
        say(`Measuring ${part.title}.`);
        findings.push(...(await part.run(stage, talk)));
      }
    } finally {
      await bridge.stop();
    }
  }
  if (isWanted('startup')) {
    await rest(say);
    say('Measuring a start with ten thousand portals.');
    findings.push(...(await startup(stage)));
  }
  if (isWanted('telegram.memory-per-login') || isWanted('memory.without-logins')) {
    say('Measuring the memory of idle logins.');
    findings.push(...(await memory(stage, (logins) => isWanted(`telegram.memory-per-login.${logins}`))));
  }
  return findings.filter(({ figure }) => figure.id.startsWith(only));
}
