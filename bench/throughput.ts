// Messages per second through the bridge beside what a bare client manages in the same minutes; knows what to count, not how.
import type { MatrixQuestion } from './bare/matrix.ts';
import type { Chat } from './cast.ts';
import { Cores } from './cores.ts';
import { DoorPusher } from './door-pusher.ts';
import type { BareQuestion, Far } from './far.ts';
import { atLeast, plain, type Finding } from './finding.ts';
import { hearTape } from './hear-tape.ts';
import { Loops, WORDS } from './loops.ts';
import { BareClient, type Bridge } from './processes.ts';
import type { Stage } from './stage.ts';
import { rateOf, type Rate, type Stretch } from './statistics.ts';

const ROUNDS = 5;
const WARM_MS = 1_500;
const STRETCH_MS = 5_000;
const TO_MATRIX_SHARE = 0.8;
const TO_NETWORK_SHARE = 0.6;

/** What happens by turns, so that whatever else the machine does meanwhile meets all of it. @returns the rate of each */
async function byTurns(...runs: readonly (() => Promise<Stretch>)[]): Promise<readonly Rate[]> {
  const found = runs.map((): Stretch[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, run] of runs.entries()) found[index]?.push(await run());
  }
  return found.map(rateOf);
}

/** @param limits of the bare clients: the lowest rate is the limit, and all of what they do has to be done */
function findings(far: Far, way: string, share: number, [bridge, ...limits]: readonly Rate[]): readonly Finding[] {
  if (bridge === undefined) throw new Error('nothing was measured');
  const rate = Math.min(...limits.map((one) => one.rate));
  const cpu = limits.reduce((sum, one) => sum + one.cpu, 0);
  return [
    atLeast(share, `${far.network}.${way}.throughput`, bridge.rate, 'messages/s', rate),
    plain(`${far.network}.${way}.cpu-per-message`, bridge.cpu, 'ms', cpu),
  ];
}

/**
 * The homeserver has a core of its own while the bridge is measured: in life it shares none with a simulated network and with what
 * measures, and on a machine of two cores these are what would be measured. The bare client has it both ways, and the better one counts.
 */
function faster(one: Rate | undefined, other: Rate | undefined): Rate | undefined {
  return (one?.rate ?? 0) > (other?.rate ?? 0) ? one : other;
}

/** Contacts write on the network; it has arrived when the homeserver has answered the bridge's send. */
export async function toMatrix(
  stage: Stage,
  far: Far,
  bridge: Bridge,
  chats: readonly Chat[],
): Promise<readonly Finding[]> {
  const loops = new Loops<Chat>(`${far.network}-to-matrix`, chats, async ({ contact, self }, text) => {
    await far.write(contact, self, text);
  });
  stage.relay.ears = { sent: (text) => loops.heard(text) };
  const client = new BareClient('bare/matrix.ts');
  const receiver = new BareClient(far.bare);
  const question: MatrixQuestion = {
    url: stage.relay.homeserverUrl,
    token: stage.tokens.as,
    device: 'PASSERELLE',
    chats: chats.map(({ room, ghost }) => ({ room, ghost })),
    ...STRETCH,
  };
  const receiving = await far.receiving(loginsOf(chats), chats.length);
  const cores = new Cores(stage.homeserver.pid, stage.dir);
  const bare = async (): Promise<Stretch> => {
    stage.relay.answersAlone = true;
    const stretch = (await client.ask(question)) as Stretch;
    stage.relay.answersAlone = false;
    return stretch;
  };
  try {
    const [bridged, ...limits] = await byTurns(
      async () => {
        cores.apart();
        return await loops.run(bridge.pid, WARM_MS, STRETCH_MS);
      },
      async () => {
        cores.apart();
        return await bare();
      },
      async () => {
        cores.together();
        return await bare();
      },
      ...(receiving === undefined ? [] : [async () => await asked(receiver, receiving)]),
    );
    const [apart, together, ...received] = limits;
    const rates = [bridged, faster(apart, together), ...received].filter((rate) => rate !== undefined);
    return findings(far, 'to-matrix', TO_MATRIX_SHARE, rates);
  } finally {
    cores.together();
    stage.relay.ears = {};
    await client.stop();
    await receiver.stop();
  }
}

/** People's messages come in through the transaction door; one has arrived when the network has it. */
export async function toNetwork(
  stage: Stage,
  far: Far,
  bridge: Bridge,
  chats: readonly Chat[],
): Promise<readonly Finding[]> {
  const pusher = new DoorPusher(stage.doorPort, stage.tokens.hs);
  const loops = new Loops<Chat>(`${far.network}-to-network`, chats, ({ room, person }, text) => {
    if (pusher.failure !== undefined) throw pusher.failure;
    pusher.push(pusher.event(room, person.userId, text));
  });
  const stop = await hearTape(far.control, ({ way, text }) => {
    if (way === 'in') loops.heard(text);
  });
  const client = new BareClient(far.bare);
  try {
    const sending = await far.sending(loginsOf(chats), chats.length);
    const rates = await byTurns(
      async () => await loops.run(bridge.pid, WARM_MS, STRETCH_MS),
      async () => await asked(client, sending),
    );
    return findings(far, 'to-network', TO_NETWORK_SHARE, rates);
  } finally {
    stop();
    pusher.close();
    await client.stop();
  }
}

const STRETCH = { words: WORDS, warmMs: WARM_MS, ms: STRETCH_MS };

async function asked(client: BareClient, question: BareQuestion): Promise<Stretch> {
  return (await client.ask({ ...question, ...STRETCH })) as Stretch;
}

function loginsOf(chats: readonly Chat[]): number {
  return new Set(chats.map(({ self }) => self)).size;
}
