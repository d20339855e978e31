// The Matrix wing beside a homeserver double and people of flesh, without the rest of the house; knows no network.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHomeserver, type Account, type Faults, type Homeserver } from '../../sandbox/homeserver/homeserver.ts';
import { plainRequest } from '../../sandbox/homeserver/request.ts';
import { openMatrix, type MatrixOptions, type MatrixWing } from '../../src/matrix/index.ts';
import { effectId } from '../../src/model/effect.ts';
import { as, type ChatId, type EffectId, type NetworkId, type PersonId, type PuppetId } from '../../src/model/ids.ts';
import type { MatrixEphemeral } from '../../src/model/matrix-event.ts';
import { plainText, type MessageBody } from '../../src/model/message.ts';
import type { MatrixSink, RoomSpec } from '../../src/ports/matrix.ts';
import { realClock } from './house.ts';
import { memoryStore, type MemoryStore } from './memory-store.ts';
import { quiet } from './quiet.ts';

export type Json = Record<string, unknown>;

export const PIGEON = as<NetworkId>('pigeon');
export const BOT = '@passerelle:hs.test';
export const person = (name: string) => as<PersonId>(name);
export const text = (words: string): MessageBody => ({ kind: 'text', as: 'text', text: plainText(words) });
let serial = 0;
export function fresh(): EffectId {
  serial += 1;
  return effectId(`test-${serial}`, 0);
}

const LOCALPARTS = {
  users: [
    { regex: String.raw`@_pg_.*:hs\.test`, exclusive: true },
    { regex: String.raw`@passerelle:hs\.test`, exclusive: true },
  ],
  aliases: [{ regex: String.raw`#_pg_.*:hs\.test`, exclusive: true }],
  rooms: [],
};

/** What was handed on by the door and by the audit. */
export class Heard implements MatrixSink {
  readonly events: Json[] = [];
  readonly late: Json[] = [];
  readonly passing: MatrixEphemeral[] = [];
  readonly receipts: (string | undefined)[] = [];
  readonly #store: MemoryStore;
  #arrived: (() => void)[] = [];

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  async accept(receipt: string | undefined, events: readonly unknown[], late?: boolean): Promise<number> {
    const all = events as readonly Json[];
    // As the house does it: what our own people say is not written down.
    const others = all.filter((event) => !/^@(?:_pg_|passerelle:)/.test(String(event['sender'])));
    const entries = others.map((event) => ({
      key: String(event['event_id']),
      lane: as<never>('n:test'),
      payload: { from: 'matrix', event } as const,
    }));
    const { fresh: written } = await this.#store.queue.accept({ entries });
    (late === true ? this.late : this.events).push(...all);
    this.receipts.push(receipt);
    for (const wake of this.#arrived.splice(0)) wake();
    return written;
  }

  ephemeral(event: MatrixEphemeral): void {
    this.passing.push(event);
    for (const wake of this.#arrived.splice(0)) wake();
  }

  async until(met: () => boolean): Promise<void> {
    while (!met()) await new Promise<void>((wake) => this.#arrived.push(wake));
  }

  bodies(of: readonly Json[] = this.events): string[] {
    return of.flatMap((event) => {
      const body = (event['content'] as Json | undefined)?.['body'];
      return typeof body === 'string' ? [body] : [];
    });
  }
}

export class WingWorld {
  readonly hs: Homeserver;
  readonly store = memoryStore();
  readonly heard = new Heard(this.store);
  readonly #dir: string;
  readonly #port: number;
  #wing: MatrixWing | undefined;

  private constructor(hs: Homeserver, dir: string, port: number) {
    this.hs = hs;
    this.#dir = dir;
    this.#port = port;
  }

  static async start(roomVersion: '11' | '12' = '12', changed: Json = {}): Promise<WingWorld> {
    const dir = mkdtempSync(join(tmpdir(), 'wing-'));
    const port = await freePort();
    const bridge = {
      id: 'bridge',
      url: `http://127.0.0.1:${port}`,
      as_token: 'as-token',
      hs_token: 'hs-token',
      sender_localpart: 'x7f3',
      rate_limited: false,
      receive_ephemeral: true,
      'io.element.msc4190': true,
      namespaces: LOCALPARTS,
      ...changed,
    };
    const double = {
      ...bridge,
      id: 'double',
      url: null,
      as_token: 'double-token',
      hs_token: 'unused',
      sender_localpart: 'x7f4',
      namespaces: { users: [{ regex: String.raw`@alice:hs\.test`, exclusive: false }], aliases: [], rooms: [] },
    };
    const files = [bridge, double].map((one) => {
      const file = join(dir, `${one.id}.json`);
      writeFileSync(file, JSON.stringify(one));
      return file;
    });
    return new WingWorld(await startHomeserver({ kind: 'double', registrations: files, dir, roomVersion }), dir, port);
  }

  get wing(): MatrixWing {
    if (this.#wing === undefined) throw new Error('the wing is not open');
    return this.#wing;
  }

  get faults(): Faults {
    if (this.hs.faults === undefined) throw new Error('no faults here');
    return this.hs.faults;
  }

  async open(more: Partial<MatrixOptions> = {}): Promise<MatrixWing> {
    await this.#wing?.close();
    this.#wing = await openMatrix({
      url: this.hs.url,
      serverName: 'hs.test',
      appserviceId: 'bridge',
      asToken: 'as-token',
      hsToken: 'hs-token',
      doublePuppetToken: 'double-token',
      botLocalpart: 'passerelle',
      prefixes: { pigeon: 'pg' },
      networkTitles: { pigeon: 'Pigeon' },
      identityKey: Buffer.alloc(32, 7),
      federate: true,
      botPower: 100,
      ghostPower: true,
      spaces: true,
      stores: { ghosts: this.store.ghosts, vault: this.store.vault },
      queue: this.store.queue,
      log: quiet,
      clock: realClock,
      auditHoldMs: 0,
      auditPollMs: 0,
      ...more,
    });
    return this.#wing;
  }

  async listen(): Promise<void> {
    await this.wing.door.listen(this.heard, { host: '127.0.0.1', port: this.#port });
  }

  async end(): Promise<void> {
    await this.#wing?.close();
    await this.hs.dispose();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  spec(chat: string, more: Partial<RoomSpec> = {}): RoomSpec {
    const portal = { network: PIGEON, chat: as<ChatId>(chat), receiver: as<PuppetId>('p1') };
    return { portal, direct: true, invite: [], networkTitle: 'Pigeon', ...more };
  }

  async ask(token: string, method: string, path: string, body?: Json): Promise<{ status: number; body: Json }> {
    const answer = await plainRequest({
      method,
      url: `${this.hs.url}/_matrix/client/v3${path}`,
      token,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: answer.status, body: JSON.parse(answer.text) as Json };
  }

  async asBot(method: string, path: string, body?: Json): Promise<{ status: number; body: Json }> {
    return await this.ask('as-token', method, `${path}${path.includes('?') ? '&' : '?'}user_id=${BOT}`, body);
  }

  /** One piece of a room's state, as the bot sees it. */
  async state(room: string, type: string, key = ''): Promise<Json> {
    return (await this.asBot('GET', `/rooms/${encodeURIComponent(room)}/state/${type}/${encodeURIComponent(key)}`))
      .body;
  }

  async timeline(room: string): Promise<Json[]> {
    const answer = await this.asBot('GET', `/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=200`);
    return (answer.body['chunk'] as Json[]).toReversed();
  }

  async bodies(room: string): Promise<unknown[]> {
    const events = await this.timeline(room);
    return events.filter((one) => one['type'] === 'm.room.message').map((one) => (one['content'] as Json)['body']);
  }

  async say(who: Account, room: string, words: string): Promise<string> {
    serial += 1;
    const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/t${serial}`;
    const said = await this.ask(who.accessToken, 'PUT', path, { msgtype: 'm.text', body: words });
    if (said.status !== 200) throw new Error(`not said: ${JSON.stringify(said.body)}`);
    return String(said.body['event_id']);
  }

  async join(who: Account, room: string): Promise<void> {
    const joined = await this.ask(who.accessToken, 'POST', `/join/${encodeURIComponent(room)}`, {});
    if (joined.status !== 200) throw new Error(`not joined: ${JSON.stringify(joined.body)}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
