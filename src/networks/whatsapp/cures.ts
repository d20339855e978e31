// Switches for what makes up for the library's defects (docs/whatsapp-library.md): all on; a test turns one off to see what it cures.

export interface Cures {
  /** 1: the plaintext of a message is kept in the commit that moves the ratchet. */
  readonly journal: boolean;
  /** 2: nothing leaves while what came is not written down. */
  readonly gate: boolean;
  /** 3: a session is tried on a copy. */
  readonly copies: boolean;
  /** 4: all key transactions of a login take one lock. */
  readonly oneLock: boolean;
  /** 5: work on a session runs in the transaction of whoever asked for it. */
  readonly ownContext: boolean;
  /** 6: prekeys and the number of the next one are written together. */
  readonly keysWithCreds: boolean;
  /** 7: the ratchet's step is written before the ciphertext can leave. */
  readonly stepFirst: boolean;
  /** 8: sessions are not printed. */
  readonly silence: boolean;
  /** 10: a signature that is wrong is refused. */
  readonly signatures: boolean;
  /** 12: timers of a socket end with it. */
  readonly timers: boolean;
  /** 16: what comes now waits its turn behind what was stored for us. */
  readonly inTurn: boolean;
  /** 18: what goes on after its transaction has ended is no part of it. */
  readonly ended: boolean;
  /** 20: all devices are told the key of a group again with a message that is sent again. */
  readonly retell: boolean;
  /** 21: a key of a group is looked for under both names of whoever writes there. */
  readonly bothNames: boolean;
}

export const allCures: Cures = {
  journal: true,
  gate: true,
  copies: true,
  oneLock: true,
  ownContext: true,
  keysWithCreds: true,
  stepFirst: true,
  silence: true,
  signatures: true,
  timers: true,
  inTurn: true,
  ended: true,
  retell: true,
  bothNames: true,
};
