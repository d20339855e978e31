// The control API: a person's hand on the simulated world, over HTTP on loopback. It knows the server, not the wire.
//
// How it is spoken: ../control-server.ts. Shapes: control-types.ts.
//
// | command | takes | answers |
// | --- | --- | --- |
// | createPerson | PersonSpec | Person |
// | changePerson | id, any of firstName, lastName, username, photo, password ('' removes it) | Person; tells chat partners |
// | person | id, phone or username | Person or null |
// | addContact | owner, person, firstName, lastName? | null; a private name |
// | sentCode | phone | the last login code or null |
// | acceptLogin | account, token (base64url of the QR) | null |
// | createKey | account | dc, address, key (base64): a login without its dialogue |
// | setAccountState | account, state ok, banned, deactivated | null; not ok ends its logins |
// | write | from, to, text, kind?, entities?, replyTo?, randomId? | the message as `from` sees it |
// | edit, remove | by, id(s) in the numbering of `by` | the message; how many went |
// | react | by, id in the numbering of `by`, emoji or null | null |
// | type, read | from, to; by, with, maxId (0 is all) | null |
// | messages, chats | viewer (, with, after?) | what that account has, deleted ones included |
// | sessions, calls, clearCalls, stats | account; method?, account? | what clients are connected, what they called |
// | version, waitChange | version, timeout (ms) | the world's version, at once or after the next change |
// | options | any of SandboxOptions | all of them |
// | dropPushes | account, count or "all" | the next updates are never sent |
// | spoilPushes | account, how, count | the next updates come with an unknown constructor, or twice as the same packet |
// | holdPackets | account, hold | packets wait, and go as one when hold ends |
// | delayAnswers | ms, method?, account?, times? | answers wait; 0 ends it |
// | failNext | method, code, message, account?, times? | answered without being executed |
// | loseReplies | method, account?, times?, kill? | executed and not answered; kill cuts the sockets too |
// | killSockets | account?, forget? | connections are reset; forget: the account's sessions are new afterwards |
// | revoke | account, error?, kill? | logins end: 401 from now on; kill cuts their sockets too |
// | forgetKeys | account | transport error -404 from now on |
// | rotateSalts | account? | bad_server_salt at the next message |
// | refuseConnections | ms | new connections are reset; 0 ends it |
// | clearFaults | | all faults are over, options stay |
//
// `GET /tape` → one JSON line (../tape.ts, TextLine) for each text that comes in or goes out, until the caller hangs up.

import { randomBytes } from 'node:crypto';
import { serveControl, type CommandTable, type ControlServer, type Stream } from '../control-server.ts';
import { playTape } from '../tape.ts';
import type { ControlCommands, Person, SandboxOptions, WorldMessage } from './control-types.ts';
import type { TelegramServer } from './server.ts';
import type { Copy } from './world/box.ts';
import { addressOf } from './rpc/help.ts';
import { AuthKey } from './wire/keys.ts';
import type { Human } from './world/world.ts';

const MAX_WAIT_MS = 30_000;

function personJson(human: Human): Person {
  return {
    id: String(human.id),
    phone: human.phone,
    firstName: human.firstName,
    lastName: human.lastName,
    username: human.username,
    dc: human.dc,
    photoId: human.photo === null ? null : String(human.photo.id),
  };
}

function commandsOf(server: TelegramServer): CommandTable<ControlCommands> {
  const { world, faults } = server;

  const human = (id: string): Human => {
    const found = world.people.get(BigInt(id));
    if (found === undefined) throw new Error(`there is no person ${id}`);
    return found;
  };
  const accountId = (id: string | undefined): bigint | null => (id === undefined ? null : human(id).id);

  const messageJson = (copy: Copy): WorldMessage => {
    const { message } = copy;
    const theirs = message.copies.get(copy.peer);
    const receiver = world.people.get(message.to);
    const received = message.copies.get(message.to);
    const readUpTo = receiver?.box.chats.get(message.from)?.readInbox ?? 0;
    return {
      uid: message.uid,
      id: copy.id,
      peerMessageId: theirs?.id ?? null,
      from: String(message.from),
      to: String(message.to),
      out: message.from === copy.owner,
      text: message.text,
      entities: message.entities,
      date: message.date,
      editDate: message.editDate,
      edits: message.edits,
      deleted: copy.deleted,
      randomId: message.randomId === null ? null : String(message.randomId),
      replyTo: message.replyTo?.copies.get(copy.owner)?.id ?? null,
      read: received !== undefined && received.id <= readUpTo,
    };
  };

  return {
    createPerson: (spec) => personJson(world.create(spec)),
    changePerson: ({ id, ...change }) => {
      world.change(human(id), change);
      return personJson(human(id));
    },
    person: ({ id, phone, username }) => {
      const found =
        (id === undefined ? undefined : world.people.get(BigInt(id))) ??
        (phone === undefined ? undefined : world.byPhone(phone)) ??
        (username === undefined ? undefined : world.byUsername(username));
      return found === undefined ? null : personJson(found);
    },
    addContact: ({ owner, person, firstName, lastName }) => {
      world.addContact(human(owner), human(person), firstName, lastName ?? '');
      return null;
    },
    sentCode: ({ phone }) => server.logins.lastCode(phone),
    acceptLogin: ({ account, token }) => {
      server.logins.acceptToken(Buffer.from(token, 'base64url'), human(account).id);
      return null;
    },
    createKey: ({ account }) => {
      const { id, dc } = human(account);
      const key = new AuthKey(randomBytes(256), dc, randomBytes(8).readBigUInt64LE(), Math.floor(Date.now() / 1000));
      server.keys.add(key);
      server.keys.login(key, id);
      return { dc, address: addressOf(dc), key: key.bytes.toString('base64') };
    },
    setAccountState: ({ account, state }) => {
      const person = human(account);
      person.state = state;
      if (state !== 'ok') server.revoke(person.id, state === 'banned' ? 'USER_DEACTIVATED_BAN' : 'USER_DEACTIVATED');
      return null;
    },

    write: ({ from, to, text, kind, entities, replyTo, randomId }) => {
      const what = {
        text,
        kind: kind ?? 'text',
        entities: entities ?? [],
        replyTo: replyTo ?? null,
        randomId: randomId === undefined ? null : BigInt(randomId),
      };
      return messageJson(world.write(human(from), human(to), what).copy);
    },
    edit: ({ by, id, text, entities }) =>
      messageJson(world.edit(human(by), id, { text, entities: entities ?? [] }).copy),
    remove: ({ by, ids, revoke }) => ({ removed: world.remove(human(by), ids, revoke).count }),
    react: ({ by, id, emoji }) => {
      world.react(human(by), id, emoji);
      return null;
    },
    type: ({ from, to, action }) => {
      world.typing(human(from), human(to), action === 'cancel');
      return null;
    },
    read: ({ by, with: peer, maxId }) => {
      world.read(human(by), human(peer), maxId);
      return null;
    },

    messages: ({ viewer, with: peer, after = 0 }) =>
      human(viewer)
        .box.chats.get(human(peer).id)
        ?.copies.filter(({ id }) => id > after)
        .map((copy) => messageJson(copy)) ?? [],
    chats: ({ viewer }) => {
      const { box } = human(viewer);
      return [...box.chats.values()].map((chat) => {
        const visible = box.visible(chat);
        return {
          with: String(chat.peer),
          messages: visible.length,
          unread: box.unread(chat),
          topMessage: visible.at(-1)?.id ?? 0,
        };
      });
    },
    sessions: ({ account }) =>
      server.keys.ofAccount(human(account).id).map((key) => {
        const sessions = [...key.sessions.values()].filter((session) => session.connected);
        return {
          key: key.id.toString(16).padStart(16, '0'),
          dc: key.dc,
          layer: key.layer ?? 0,
          sockets: sessions.length,
          receiving: sessions.filter((session) => session.receives).length,
        };
      }),
    calls: ({ method, account }) =>
      server.calls.filter(
        (call) =>
          (method === undefined || call.method === method) && (account === undefined || call.account === account),
      ),
    clearCalls: () => {
      server.calls = [];
      return null;
    },
    stats: () => ({
      people: world.people.size,
      messages: world.messageCount,
      keys: server.keys.size,
      sockets: server.connections.size,
      ...server.counts,
      rss: process.memoryUsage.rss(),
      unknownMethods: Object.fromEntries(server.unknownMethods),
    }),
    version: () => ({ version: world.version }),
    waitChange: async ({ version, timeout }) => {
      await world.changed(version, Math.min(Math.max(timeout, 0), MAX_WAIT_MS));
      return { version: world.version };
    },

    options: (change: Partial<SandboxOptions>) => {
      server.options = { ...server.options, ...change };
      return server.options;
    },
    dropPushes: ({ account, count }) => {
      faults.drop(human(account).id, count === 'all' ? Number.POSITIVE_INFINITY : count);
      return null;
    },
    spoilPushes: ({ account, how, count }) => {
      faults.spoil(human(account).id, how, count);
      return null;
    },
    holdPackets: ({ account, hold }) => {
      for (const key of server.keys.ofAccount(human(account).id)) {
        for (const session of key.sessions.values()) session.hold(hold);
      }
      return null;
    },
    delayAnswers: ({ ms, method, account, times }) => {
      faults.delay(ms, method ?? null, accountId(account), times ?? Number.POSITIVE_INFINITY);
      return null;
    },
    failNext: ({ method, code, message, account, times }) => {
      faults.fail(method, code, message, accountId(account), times ?? 1);
      return null;
    },
    loseReplies: ({ method, account, times, kill }) => {
      faults.lose(method, accountId(account), times ?? 1, kill ?? false);
      return null;
    },
    killSockets: ({ account, forget = false }) => {
      const id = accountId(account);
      const connections = server.connectionsOf(id);
      for (const connection of connections) connection.kill();
      if (forget) for (const key of id === null ? server.keys.all() : server.keys.ofAccount(id)) key.sessions.clear();
      return { killed: connections.length };
    },
    revoke: ({ account, error, kill = false }) => {
      const { id } = human(account);
      const connections = kill ? server.connectionsOf(id) : [];
      const revoked = server.revoke(id, error ?? 'AUTH_KEY_UNREGISTERED');
      for (const connection of connections) connection.kill();
      return { revoked };
    },
    forgetKeys: ({ account }) => {
      const keys = server.keys.ofAccount(human(account).id);
      for (const key of keys) server.keys.remove(key);
      return { forgotten: keys.length };
    },
    rotateSalts: ({ account }) => {
      const id = accountId(account);
      const keys = id === null ? server.keys.all() : server.keys.ofAccount(id);
      for (const key of keys) key.rotate();
      return { rotated: keys.length };
    },
    refuseConnections: ({ ms }) => {
      faults.refuse(ms);
      return null;
    },
    clearFaults: () => {
      faults.clear();
      for (const key of server.keys.all()) for (const session of key.sessions.values()) session.hold(false);
      return null;
    },
  };
}

/** Serves the control API on 127.0.0.1; port 0 takes any. */
export async function serveTelegram(server: TelegramServer, port: number): Promise<ControlServer> {
  const tape: Stream = (response) => playTape(server.tape, response);
  return await serveControl<ControlCommands>(commandsOf(server), port, { tape });
}
