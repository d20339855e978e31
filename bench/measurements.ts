// Everything that is measured, in order, each part only when asked for; knows which figures a part brings, not how.
import { gather, online, openChats, type Chat } from './cast.ts';
import { door } from './door.ts';
import type { Far } from './far.ts';
import type { Finding } from './finding.ts';
import { addedToMatrix, addedToNetwork } from './latency.ts';
import { memory, memoryOfNothing } from './memory.ts';
import type { Bridge } from './processes.ts';
import { rest } from './rest.ts';
import type { House } from './house.ts';
import type { Stage } from './stage.ts';
import { startup } from './startup.ts';
import { storm, STORM } from './storm.ts';
import { toMatrix, toNetwork } from './throughput.ts';

const LOGINS = 4;
const CONTACTS_EACH = 5;

interface Talk {
  readonly far: Far;
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
function talkingOf({ network }: Far): readonly Part[] {
  return [
    {
      ids: [`${network}.to-network.throughput`, `${network}.to-network.cpu-per-message`],
      title: `throughput to ${network}`,
      run: async (stage, { far, bridge, chats }) => await toNetwork(stage, far, bridge, chats),
    },
    {
      ids: [`${network}.to-matrix.throughput`, `${network}.to-matrix.cpu-per-message`],
      title: `throughput from ${network} to Matrix`,
      run: async (stage, { far, bridge, chats }) => await toMatrix(stage, far, bridge, chats),
    },
    {
      ids: [`${network}.to-network.added-latency`],
      title: `what is added to the way to ${network}`,
      run: async (stage, { far, house, chats }) => await addedToNetwork(stage, far, house, chats),
    },
    {
      ids: [`${network}.to-matrix.added-latency`],
      title: `what is added to the way from ${network} to Matrix`,
      run: async (stage, { far, house, chats }) => await addedToMatrix(stage, far, house, chats),
    },
    // The door is the same for every network: its load goes on to Telegram.
    ...(network === 'telegram'
      ? [
          {
            ids: ['transaction-door'],
            title: 'the transaction door',
            run: async (stage: Stage, { house, chats }: Talk) => await door(stage, house, chats),
          },
        ]
      : []),
  ];
}

/** @param only beginning of the ids that are wanted, '' for all */
export async function measurements(
  stage: Stage,
  only: string,
  say: (sentence: string) => void,
): Promise<readonly Finding[]> {
  const isWanted = (id: string): boolean => id.startsWith(only) || only.startsWith(id);
  const findings: Finding[] = [];
  const fars: readonly Far[] = [stage.telegram, stage.whatsapp];
  for (const far of fars) {
    const parts = talkingOf(far).filter(({ ids }) => ids.some(isWanted));
    if (parts.length > 0) findings.push(...(await talking(stage, far, parts, say)));
  }
  if (isWanted('startup')) {
    await rest(say);
    say('Measuring a start with ten thousand portals.');
    findings.push(...(await startup(stage)));
  }
  if (isWanted('memory.without-networks')) {
    say('Measuring the memory of a bridge without networks.');
    findings.push(...(await memoryOfNothing(stage)));
  }
  for (const far of fars) {
    if (!isWanted(`${far.network}.memory`)) continue;
    say(`Measuring the memory of idle logins on ${far.network}.`);
    findings.push(...(await memory(stage, far, (logins) => isWanted(`${far.network}.memory-per-login.${logins}`))));
  }
  if (isWanted(STORM)) {
    await rest(say);
    say('Measuring how fifty logins on WhatsApp come back at once.');
    findings.push(...(await storm(stage)));
  }
  return findings.filter(({ figure }) => figure.id.startsWith(only));
}

async function talking(
  stage: Stage,
  far: Far,
  parts: readonly Part[],
  say: (sentence: string) => void,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const house = await stage.house(`talk_${far.network}`, far);
  const company = await gather(stage, far, house, LOGINS, CONTACTS_EACH);
  const bridge = house.start();
  try {
    await bridge.ready();
    await online(house, LOGINS);
    const talk = { far, house, bridge, chats: await openChats(stage, far, house, company) };
    for (const part of parts) {
      await rest(say);
      say(`Measuring ${part.title}.`);
      findings.push(...(await part.run(stage, talk)));
    }
  } finally {
    await bridge.stop();
  }
  return findings;
}
