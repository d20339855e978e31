// Commands that make things go wrong: for stanzas on their way, requests, logins, connections, and for the ciphertexts of the
// simulated devices.

import type { Dismissal, FaultTarget } from '../control-types.ts';
import type { Target } from '../faults.ts';
import { node, type BinaryNode } from '../wire/node.ts';
import type { Device } from '../world/device.ts';
import type { Commands, Desk } from './commands.ts';

const WORDS: Readonly<Record<string, BinaryNode>> = {
  restart: node('stream:error', { code: '515' }),
  removed: node('stream:error', { code: '401' }, [node('conflict', { type: 'device_removed' })]),
  replaced: node('stream:error', {}, [node('conflict', { type: 'replaced' })]),
};

function lastWords(how: Dismissal): BinaryNode {
  if (typeof how === 'string') {
    const words = WORDS[how];
    if (words === undefined) throw new Error(`nobody is dismissed like "${how}"`);
    return words;
  }
  return 'failure' in how ? node('failure', how.failure) : node('stream:error', { code: how.streamError });
}

export function faultCommands({
  server,
  hands,
}: Desk): Commands<
  | 'onDelivery'
  | 'release'
  | 'failNext'
  | 'loseReplies'
  | 'closeAfter'
  | 'holdReplies'
  | 'answerNow'
  | 'delayReplies'
  | 'failWeb'
  | 'failLogins'
  | 'silencePairing'
  | 'dismiss'
  | 'killSockets'
  | 'refuseConnections'
  | 'damage'
  | 'keepKeyFrom'
  | 'blind'
  | 'setRetries'
  | 'setConfirms'
  | 'forgetSession'
  | 'drainPrekeys'
  | 'forgePrekey'
  | 'certificate'
  | 'clearFaults'
> {
  const { faults, world } = server;
  const target = ({ person, device }: FaultTarget): Target => ({
    person: person === undefined ? null : hands.person(person).lid,
    device: device ?? null,
  });
  const about = (of: FaultTarget, device: Device): boolean =>
    (of.person === undefined || device.person.lid === of.person) &&
    (of.device === undefined || device.id === of.device);
  const pumpAll = (): void => {
    for (const person of world.people.values()) for (const device of person.devices.values()) device.mailbox.pump();
  };
  return {
    onDelivery: ({ how, kind, ms, times, ...of }) => {
      const verdict = how === 'delay' ? ({ kind: how, ms: ms ?? 0 } as const) : ({ kind: how } as const);
      faults.deliver(target(of), kind ?? null, verdict, times ?? (how === 'hold' ? Number.POSITIVE_INFINITY : 1));
      return null;
    },
    release: (of) => {
      faults.release(target(of));
      pumpAll();
      return null;
    },
    failNext: ({ what, code, text, times, ...of }) => {
      faults.fail(target(of), what, code, text ?? 'refused', times ?? 1);
      return null;
    },
    loseReplies: ({ what, times, kill, ...of }) => {
      faults.lose(target(of), what, kill ?? false, times ?? 1);
      return null;
    },
    closeAfter: ({ what, times, ...of }) => {
      faults.closeAfter(target(of), what, times ?? 1);
      return null;
    },
    holdReplies: ({ what, times, ...of }) => {
      faults.hold(target(of), what, times ?? 1);
      return null;
    },
    answerNow: () => ({ answered: faults.answerNow() }),
    delayReplies: ({ what, ms, times, ...of }) => {
      faults.delay(target(of), what, ms, times ?? Number.POSITIVE_INFINITY);
      return null;
    },
    failWeb: ({ status, times }) => {
      server.web.fail(status, times ?? 1);
      return null;
    },
    failLogins: ({ attrs, times, ...of }) => {
      faults.failLogin(target(of), attrs, times ?? 1);
      return null;
    },
    silencePairing: ({ on }) => {
      server.pairing.silent = on;
      return null;
    },
    dismiss: ({ how, ...of }) => {
      const words = lastWords(how);
      const gone = server.sessions.filter(({ device }) => about(of, device));
      for (const { device } of gone) server.dismiss(device, words);
      return { dismissed: gone.length };
    },
    killSockets: (of) => {
      const gone = server.sessions.filter(({ device }) => about(of, device));
      for (const { device } of gone) server.kill(device);
      return { killed: gone.length };
    },
    refuseConnections: ({ ms }) => {
      server.refuse(ms);
      return null;
    },
    damage: ({ by, device, times, only }) => {
      const { outbox } = hands.sim(by, device);
      outbox.damaged = times ?? 1;
      outbox.sparesPhones = only === 'companions';
      return null;
    },
    keepKeyFrom: ({ by, device, from }) => {
      hands.sim(by, device).outbox.keepsKeyFrom = from === null ? undefined : hands.person(from);
      return null;
    },
    blind: ({ viewer, device, times }) => {
      hands.sim(viewer, device).blind = times ?? 1;
      return null;
    },
    setRetries: ({ by, device, answer }) => {
      hands.sim(by, device).answersRetries = answer;
      return null;
    },
    setConfirms: ({ by, device, confirm }) => {
      hands.sim(by, device).confirms = confirm;
      return null;
    },
    forgetSession: ({ by, device, with: peer }) => {
      const { signal } = hands.sim(by, device);
      for (const one of hands.person(peer).devices.values()) signal.forgetSession(one.name);
      return null;
    },
    drainPrekeys: ({ of, device, left }) => {
      const keys = hands.person(of).devices.get(device)?.keys;
      if (keys === undefined) throw new Error(`${of} has no device ${device}`);
      keys.prekeys.splice(left);
      return null;
    },
    forgePrekey: ({ of, device, forged }) => {
      const found = hands.person(of).devices.get(device ?? 0);
      if (found === undefined) throw new Error(`${of} has no device ${device ?? 0}`);
      found.forged = forged;
      return null;
    },
    certificate: ({ flaw }) => {
      server.listener.flaw = flaw ?? undefined;
      return null;
    },
    clearFaults: () => {
      server.listener.flaw = undefined;
      for (const { devices } of world.people.values()) for (const device of devices.values()) device.forged = false;
      faults.clear();
      server.web.clear();
      server.refuse(0);
      server.pairing.silent = false;
      pumpAll();
      return null;
    },
  };
}
