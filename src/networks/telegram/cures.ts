// Switches for what makes up for the library's defects (docs/telegram-library.md): all on; a test turns one off to see what it cures.

export interface Cures {
  /** 1: fetch what was missed. */
  readonly gaps: boolean;
  /** 2: move the cursor only in the commit that holds the events. */
  readonly commitFirst: boolean;
  /** 3: one envelope after the other. */
  readonly serial: boolean;
  /** 4: keep no entities in the library. */
  readonly boundedEntities: boolean;
  /** 5: keep access hashes over restarts. */
  readonly keepHashes: boolean;
  /** 6: every call has a deadline. */
  readonly deadlines: boolean;
  /** 7: fetch the difference after a packet was thrown away unread. */
  readonly resync: boolean;
  /** 9: refuse repeated packets. */
  readonly securityChecks: boolean;
  /** 11, 12: our own keep-alive instead of the library's. */
  readonly ownPings: boolean;
  /** 13: close the library's file connections ourselves. */
  readonly closeFileSenders: boolean;
  /** 14: never sleep inside a call. */
  readonly noSilentSleep: boolean;
  /** 15: act upon a refused login. */
  readonly actOnRefusal: boolean;
  /** 16: refuse oversize requests before the library hangs on them. */
  readonly capPayload: boolean;
  /** 20: never let the library look people up by itself. */
  readonly explicitPeers: boolean;
  /** 23: heavy logins take turns. */
  readonly loginTurns: boolean;
  /** 25: one file request at a time. */
  readonly fileTurns: boolean;
  /** 27: one request at a time per chat. */
  readonly chatTurns: boolean;
  /** 31: hear what follows a refusal in its packet. */
  readonly wholePackets: boolean;
}

export const allCures: Cures = {
  gaps: true,
  commitFirst: true,
  serial: true,
  boundedEntities: true,
  keepHashes: true,
  deadlines: true,
  resync: true,
  securityChecks: true,
  ownPings: true,
  closeFileSenders: true,
  noSilentSleep: true,
  actOnRefusal: true,
  capPayload: true,
  explicitPeers: true,
  loginTurns: true,
  fileTurns: true,
  chatTurns: true,
  wholePackets: true,
};
