// Messages per second through the bridge beside what a bare client manages in the same minutes; knows what to count, not how.
import type { MatrixQuestion } from './bare/matrix.ts';
import type { TelegramQuestion } from './bare/telegram.ts';
import type { Chat } from './cast.ts';
import { DoorPusher } from './door-pusher.ts';
import { atLeast, plain, type Finding } from './finding.ts';
import { hearTape } from './hear-tape.ts';
import { Loops, WORDS } from './loops.ts';
import { BareClient, type Bridge } from './processes.ts';
import type { Stage } from './stage.ts';
import { rateOf, type Stretch } from './statistics.ts';

const ROUNDS = 5;
const WARM_MS = 1_500;
const STRETCH_MS = 5_000;
const TO_MATRIX_SHARE = 0.8;
const TO_NETWORK_SHARE = 0.6;

/** What happens by turns, so that whatever else the machine does meanwhile meets both. */
async function byTurns(
  bare: () => Promise<Stretch>,
  bridge: () => Promise<Stretch>,
): Promise<{ readonly bare: readonly Stretch[]; readonly bridge: readonly Stretch[] }> {
  const found = { bare: [] as Stretch[], bridge: [] as Stretch[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    found.bare.push(await bare());
    found.bridge.push(await bridge());
  }
  return found;
}

function findings(way: string, share: number, stretches: Awaited<ReturnType<typeof byTurns>>): readonly Finding[] {
  const [bare, bridge] = [rateOf(stretches.bare), rateOf(stretches.bridge)];
  return [
    atLeast(share, `telegram.${way}.throughput`, bridge.rate, 'messages/s', bare.rate),
    plain(`telegram.${way}.cpu-per-message`, bridge.cpu, 'ms', bare.cpu),
  ];
}

/** Contacts write on Telegram; it has arrived when the homeserver has answered the bridge's send. */
export async function toMatrix(stage: Stage, bridge: Bridge, chats: readonly Chat[]): Promise<readonly Finding[]> {
  const loops = new Loops<Chat>('to-matrix', chats, async ({ contact, self }, text) => {
    await stage.telegram.write(contact, self, text);
  });
  stage.relay.ears = { sent: (text) => loops.heard(text) };
  const client = new BareClient('bare/matrix.ts');
  const question: MatrixQuestion = {
    url: stage.relay.homeserverUrl,
    token: stage.tokens.as,
    device: 'PASSERELLE',
    chats: chats.map(({ room, ghost }) => ({ room, ghost })),
    words: WORDS,
    warmMs: WARM_MS,
    ms: STRETCH_MS,
  };
  try {
    const stretches = await byTurns(
      async () => {
        stage.relay.answersAlone = true;
        const stretch = (await client.ask(question)) as Stretch;
        stage.relay.answersAlone = false;
        return stretch;
      },
      async () => await loops.run(bridge.pid, WARM_MS, STRETCH_MS),
    );
    return findings('to-matrix', TO_MATRIX_SHARE, stretches);
  } finally {
    stage.relay.ears = {};
    await client.stop();
  }
}

/** People's messages come in through the transaction door; one has arrived when Telegram has it. */
export async function toNetwork(stage: Stage, bridge: Bridge, chats: readonly Chat[]): Promise<readonly Finding[]> {
  const pusher = new DoorPusher(stage.doorPort, stage.tokens.hs);
  const loops = new Loops<Chat>('to-network', chats, ({ room, person }, text) => {
    if (pusher.failure !== undefined) throw pusher.failure;
    pusher.push(pusher.event(room, person.userId, text));
  });
  const stop = await hearTape(stage.telegram.control, ({ way, text }) => {
    if (way === 'in') loops.heard(text);
  });
  const client = new BareClient('bare/telegram.ts');
  try {
    const question = await bareTelegram(stage, new Set(chats.map(({ self }) => self)).size, chats.length);
    const stretches = await byTurns(
      async () => (await client.ask(question)) as Stretch,
      async () => await loops.run(bridge.pid, WARM_MS, STRETCH_MS),
    );
    return findings('to-network', TO_NETWORK_SHARE, stretches);
  } finally {
    stop();
    pusher.close();
    await client.stop();
  }
}

/** Accounts of its own: what they send must not come to the bridge as written on its people's phones. */
async function bareTelegram(stage: Stage, logins: number, chats: number): Promise<TelegramQuestion> {
  const { telegram } = stage;
  const all: TelegramQuestion['logins'][number][] = [];
  for (let login = 1; login <= logins; login += 1) {
    const account = await telegram.createPerson({ firstName: `Bare${login}` });
    const contacts: string[] = [];
    for (let one = 1; one <= chats / logins; one += 1) {
      const username = `bare_contact_${login}_${one}`;
      await telegram.createPerson({ firstName: username, username });
      contacts.push(username);
    }
    all.push({ ...(await telegram.command('createKey', { account: account.id })), contacts });
  }
  const ports = Object.entries(telegram.addresses).map(([address, dc]) => [address, telegram.dcs[dc] ?? 0] as const);
  return {
    apiId: 12345,
    apiHash: '0123456789abcdef0123456789abcdef',
    ports: Object.fromEntries(ports),
    logins: all,
    words: WORDS,
    warmMs: WARM_MS,
    ms: STRETCH_MS,
  };
}
