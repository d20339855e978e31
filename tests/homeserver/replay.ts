// Plays one random script on a homeserver and tells what everybody saw, in words that two homeservers can share; knows no kind.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHomeserver, type HomeserverKind } from '../../sandbox/homeserver/homeserver.ts';
import { plainRequest } from '../../sandbox/homeserver/request.ts';
import { Chance } from '../faults/random.ts';

type Json = Record<string, unknown>;

const USERS = ['_x_bot', '_x_ghost', '_x_other'] as const;
const STEPS = 60;

interface Step {
  readonly name: string;
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly body?: Json;
}

/** Steps of a script with the answers to each, and the room as it is at the end. Ids are replaced by the order in which they were first seen. */
export async function replay(kind: HomeserverKind, roomVersion: '11' | '12', seed: number): Promise<readonly string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'replay-'));
  const registration = join(dir, 'bridge.json');
  writeFileSync(
    registration,
    JSON.stringify({
      id: 'bridge',
      url: null,
      as_token: 'as-token',
      hs_token: 'hs-token',
      sender_localpart: 'x7f3',
      rate_limited: false,
      namespaces: { users: [{ regex: String.raw`@_x_.*:hs\.test`, exclusive: true }], aliases: [], rooms: [] },
    }),
  );
  const hs = await startHomeserver({ kind, registrations: [registration], dir, roomVersion });
  const ask = async (user: string | undefined, method: Step['method'], path: string, body?: Json) => {
    const as = user === undefined ? '' : `${path.includes('?') ? '&' : '?'}user_id=@${user}:hs.test`;
    const reply = await plainRequest({
      method,
      url: `${hs.url}/_matrix/client/v3${path}${as}`,
      token: 'as-token',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: reply.status, body: JSON.parse(reply.text) as Json };
  };
  /** Synapse renames members some time after it answered. */
  const shownInRoom = async (user: string, name: unknown): Promise<void> => {
    const path = `/rooms/${room}/state/m.room.member/@${user}:hs.test`;
    for (;;) {
      const { status, body } = await ask('_x_bot', 'GET', path);
      if (status !== 200 || body['membership'] !== 'join' || body['displayname'] === name) return;
    }
  };
  let room = '';
  try {
    for (const username of USERS) {
      await ask(undefined, 'POST', '/register', {
        type: 'm.login.application_service',
        username,
        inhibit_login: true,
      });
    }
    room = String((await ask('_x_bot', 'POST', '/createRoom', { preset: 'private_chat' })).body['room_id']);
    const names = new Names(room);
    const chance = new Chance(seed);
    const events: string[] = [];
    const told: string[] = [];
    for (let n = 0; n < STEPS; n += 1) {
      const user = chance.pick(USERS);
      const step = stepOf(chance, room, events, n, user);
      const answer = await ask(user, step.method, step.path, step.body);
      const id = answer.body['event_id'];
      if (typeof id === 'string' && !events.includes(id)) events.push(id);
      if (step.name === 'profile') await shownInRoom(user, step.body?.['displayname']);
      told.push(names.plain(`${n} ${user} ${step.name}: ${answer.status} ${outcome(answer.body)}`));
    }
    const page = await ask('_x_bot', 'GET', `/rooms/${room}/messages?dir=f&limit=300`);
    const state = await ask('_x_bot', 'GET', `/rooms/${room}/state`);
    const all = [page.body['chunk'], state.body].map((list) => (Array.isArray(list) ? (list as Json[]) : []));
    told.push(...(all[0] ?? []).map((event) => names.plain(`timeline ${shown(event)}`)));
    told.push(...(all[1] ?? []).map((event) => names.plain(`state ${shown(event)}`)).toSorted());
    return told;
  } finally {
    await hs.dispose();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A bot that has been in the room all along makes the script worth telling: it leaves never. */
function stepOf(chance: Chance, room: string, events: readonly string[], n: number, user: string): Step {
  const other = chance.pick(USERS.slice(1));
  const whom = `@${other}:hs.test`;
  const target = events.length === 0 ? undefined : chance.pick(events);
  const at = `/rooms/${room}`;
  const member = (name: string, body: Json = {}): Step => ({ name, method: 'POST', path: `${at}/${name}`, body });
  const steps: readonly (() => Step)[] = [
    () => say(`text ${n}`, `t${n}`),
    () => say(`text ${n}`, `t${n}`),
    // The same transaction as some step before, or one of its own.
    () => say(`text ${n}`, `again${chance.whole(0, 3)}`),
    () => (target === undefined ? say(`text ${n}`, `t${n}`) : redact(target)),
    () => ({
      name: 'topic',
      method: 'PUT',
      path: `${at}/state/m.room.topic`,
      body: { topic: `topic ${chance.whole(0, 2)}` },
    }),
    () => ({
      name: 'name',
      method: 'PUT',
      path: `${at}/state/m.room.name`,
      body: { name: `name ${chance.whole(0, 2)}` },
    }),
    () => member('invite', { user_id: whom }),
    () => member('invite', { user_id: whom }),
    () => ({ name: 'join', method: 'POST', path: `/join/${encodeURIComponent(room)}`, body: {} }),
    () => ({ name: 'join', method: 'POST', path: `/join/${encodeURIComponent(room)}`, body: {} }),
    () => (user === '_x_bot' ? say(`text ${n}`, `t${n}`) : member('leave')),
    () => (user === '_x_bot' ? member('kick', { user_id: whom, reason: 'away' }) : say(`text ${n}`, `t${n}`)),
    () => ({
      name: 'profile',
      method: 'PUT',
      path: `/profile/@${user}:hs.test/displayname`,
      body: { displayname: `${user} ${chance.whole(0, 2)}` },
    }),
  ];
  return chance.pick(steps)();

  function redact(event: string): Step {
    const path = `${at}/redact/${encodeURIComponent(event)}/r${n}`;
    return { name: `redact ${event}`, method: 'PUT', path, body: { reason: `because ${n}` } };
  }

  function say(body: string, txn: string): Step {
    return {
      name: `say ${txn}`,
      method: 'PUT',
      path: `${at}/send/m.room.message/${txn}`,
      body: { msgtype: 'm.text', body },
    };
  }
}

function outcome(body: Json): string {
  const { errcode, event_id: id } = body;
  return typeof errcode === 'string' ? errcode : typeof id === 'string' ? id : '';
}

function shown(event: Json): string {
  const { type, sender, state_key: key, event_id: id, content, redacts } = event;
  return JSON.stringify([type, sender, key ?? null, id, redacts ?? null, sorted(content)]);
}

/** Keys in one order, whoever wrote them. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}

/** Ids are the homeserver's own; what is compared is which is which. */
class Names {
  readonly #room: string;
  readonly #known = new Map<string, string>();

  constructor(room: string) {
    this.#room = room;
  }

  plain(text: string): string {
    return text.replaceAll(this.#room, '!room').replaceAll(/\$[\w-]{40,}/g, (id) => {
      const name = this.#known.get(id) ?? `$${this.#known.size}`;
      this.#known.set(id, name);
      return name;
    });
  }
}
