// Commands that only look: what devices show, what waits, what has passed the wire, what nobody knew.

import { describe } from '../records.ts';
import type { Commands, Desk } from './commands.ts';

const MAX_WAIT_MS = 30_000;

export function lookCommands({
  server,
  hands,
}: Desk): Commands<
  | 'messages'
  | 'receipts'
  | 'chatStates'
  | 'calls'
  | 'notices'
  | 'mailbox'
  | 'picture'
  | 'webRequests'
  | 'nodes'
  | 'counts'
  | 'unknown'
  | 'missed'
  | 'logins'
  | 'clearRecords'
  | 'stats'
  | 'version'
  | 'waitChange'
  | 'options'
> {
  const { world, records } = server;
  return {
    messages: ({ viewer, device, with: peer, from }) =>
      hands
        .sim(viewer, device)
        .log.entries.filter((entry) => peer === undefined || entry.chat === peer)
        .slice(from ?? 0),
    receipts: ({ viewer, device, id }) =>
      hands.sim(viewer, device).receipts.filter((receipt) => id === undefined || receipt.id === id),
    chatStates: ({ viewer, device }) => hands.sim(viewer, device).chatStates,
    calls: ({ viewer, device }) => hands.sim(viewer, device).calls.map(describe),
    notices: ({ viewer, device }) => hands.sim(viewer, device).notices.map(describe),
    mailbox: ({ of, device }) => (hands.person(of).devices.get(device)?.mailbox.waiting ?? []).map(describe),
    picture: ({ of }) => {
      const { picture } = hands.chat(of);
      return picture === null ? null : { id: picture.id, jpeg: Buffer.from(picture.bytes).toString('base64') };
    },
    webRequests: () => server.web.requests,
    nodes: ({ person, device, kind, way }) =>
      records.nodes(
        (record) =>
          (way === undefined || record.way === way) &&
          (kind === undefined || record.kind === kind) &&
          (person === undefined || record.device?.startsWith(`${person}:`) === true) &&
          (device === undefined || record.device?.endsWith(`:${device}`) === true),
      ),
    counts: ({ person }) => records.counts(person ?? null),
    unknown: () => records.unknown,
    missed: () => records.missed,
    logins: ({ person }) =>
      server.logins.filter((record) => person === undefined || record.device?.startsWith(`${person}:`) === true),
    clearRecords: () => {
      records.clear();
      server.web.requests.length = 0;
      return null;
    },
    stats: () => ({
      people: world.people.size,
      groups: world.groups.size,
      sessions: server.sessions.length,
      pairing: server.pairing.open,
      rss: process.memoryUsage.rss(),
    }),
    version: () => ({ version: world.version.current }),
    waitChange: async ({ version, timeout }) => {
      await world.version.changed(version, Math.min(timeout, MAX_WAIT_MS));
      return { version: world.version.current };
    },
    options: (change) => {
      server.options = { ...server.options, ...change };
      return server.options;
    },
  };
}
