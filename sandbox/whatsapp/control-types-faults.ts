// What can go wrong in the simulated WhatsApp, as the control API speaks of it.

import type { CertificateFlaw } from './wire/certificate.ts';

/** Whom a fault is about; nothing is everybody. */
export interface FaultTarget {
  readonly person?: string;
  readonly device?: number;
}

/** The last words to a client before its connection ends; those of the real service. */
export type Dismissal =
  /** 515 */
  | 'restart'
  /** 401 */
  | 'removed'
  /** 440 */
  | 'replaced'
  | { readonly streamError: string }
  | { readonly failure: Readonly<Record<string, string>> };

type Nothing = Record<string, never>;

export interface FaultCommands {
  /** What becomes of the next stanzas for a device; `kind` is the stanza's tag. */
  onDelivery: [
    FaultTarget & { how: 'hold' | 'drop' | 'twice' | 'swap' | 'delay'; kind?: string; ms?: number; times?: number },
    null,
  ];
  release: [FaultTarget, null];
  /** `what`: xmlns of an iq, or `message`, `receipt`. Not executed, but refused. */
  failNext: [FaultTarget & { what: string; code: number; text?: string; times?: number }, null];
  /** Executed, and the answer (the ack) is never sent; kill also cuts the connection. */
  loseReplies: [FaultTarget & { what: string; times?: number; kill?: boolean }, null];
  /** A request (xmlns of an iq) is answered, and the connection closed with the answer. */
  closeAfter: [FaultTarget & { what: string; times?: number }, null];
  /** The next answers to a request (xmlns of an iq) wait for answerNow. */
  holdReplies: [FaultTarget & { what: string; times?: number }, null];
  answerNow: [Nothing, { answered: number }];
  delayReplies: [FaultTarget & { what: string; ms: number; times?: number }, null];
  /** The next requests to the web hosts are answered so; 0: not at all. */
  failWeb: [{ status: number; times?: number }, null];
  /** The attributes of the `failure` that the next logins get: `{ reason: '405' }`. */
  failLogins: [FaultTarget & { attrs: Readonly<Record<string, string>>; times?: number }, null];
  /** Whoever links from now on is linked, and not told to come again (515). */
  silencePairing: [{ on: boolean }, null];
  dismiss: [FaultTarget & { how: Dismissal }, { dismissed: number }];
  killSockets: [FaultTarget, { killed: number }];
  refuseConnections: [{ ms: number }, null];
  /** The next messages of this device can be read by nobody; in private chats, if so told, by no companion. */
  damage: [{ by: string; device?: number; times?: number; only?: 'companions' }, null];
  /** In groups, this device gives the devices of `from` no key until they ask; null: it does. */
  keepKeyFrom: [{ by: string; device?: number; from: string | null }, null];
  /** This device takes the next messages for unreadable, and asks for them again. */
  blind: [{ viewer: string; device?: number; times?: number }, null];
  setRetries: [{ by: string; device?: number; answer: boolean }, null];
  setConfirms: [{ by: string; device?: number; confirm: boolean }, null];
  /** This device forgets its Signal sessions with all devices of `with`: the next message begins a new one. */
  forgetSession: [{ by: string; device?: number; with: string }, null];
  /** Prekeys that the service still has of a device, from now on. */
  drainPrekeys: [{ of: string; device: number; left: number }, null];
  /** From now on clients are given a signed prekey of the service's own in this device's name, or the device's again. */
  forgePrekey: [{ of: string; device?: number; forged: boolean }, null];
  /** What is wrong with the certificates of the handshakes to come; null: nothing. */
  certificate: [{ flaw: CertificateFlaw | null }, null];
  clearFaults: [Nothing, null];
}
