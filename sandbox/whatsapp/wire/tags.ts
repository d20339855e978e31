// The bytes of WhatsApp's binary XML that are no dictionary word: lists, addresses, packed digits, lengths. Facts, not code.

export const TAG = {
  empty: 0,
  dictionary0: 236,
  dictionary3: 239,
  interopJid: 245,
  fbJid: 246,
  adJid: 247,
  list8: 248,
  list16: 249,
  jidPair: 250,
  hex8: 251,
  binary8: 252,
  binary20: 253,
  binary32: 254,
  nibble8: 255,
} as const;

/** How many characters can be packed at most. */
export const PACKED_MAX = 127;
export const NIBBLES = '0123456789-.';
export const HEX_DIGITS = '0123456789ABCDEF';

/** The first byte of a node: whether the rest is deflated by zlib. */
export const COMPRESSED = 2;
