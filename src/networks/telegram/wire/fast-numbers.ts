// Gives the library quicker ways to read and write 64-bit numbers: its own go through hexadecimal text, several times for every
// message. Same results, shown by a test; must be loaded before the rest of the library, which keeps its own copies.
import helpers from 'telegram/Helpers.js';

type Read = typeof helpers.readBigIntFromBuffer;
type Write = typeof helpers.toSignedLittleBuffer;

const LONG_BYTES = 8;

/** As the library's own, for any length. */
export const slowly: { readonly read: Read; readonly write: Write } = {
  read: helpers.readBigIntFromBuffer,
  write: helpers.toSignedLittleBuffer,
};

export const quickly: { readonly read: Read; readonly write: Write } = {
  read: (buffer, little = true, signed = false) => {
    if (buffer.length !== LONG_BYTES) return slowly.read(buffer, little, signed);
    const high = little ? buffer.readUInt32LE(4) : buffer.readUInt32BE(0);
    const low = little ? buffer.readUInt32LE(0) : buffer.readUInt32BE(4);
    const value = (BigInt(high) << 32n) | BigInt(low);
    return helpers.returnBigInt(signed ? BigInt.asIntN(64, value) : value);
  },
  write: (big, bytes = LONG_BYTES) => {
    if (bytes !== LONG_BYTES) return slowly.write(big, bytes);
    const out = Buffer.allocUnsafe(LONG_BYTES);
    out.writeBigInt64LE(BigInt.asIntN(64, nativeOf(big)));
    return out;
  },
};

/** The library's number keeps a native one inside where there is one. */
function nativeOf(big: Parameters<Write>[0]): bigint {
  const { value } = big as { readonly value?: unknown };
  return typeof value === 'bigint' ? value : BigInt(big.toString());
}

helpers.readBigIntFromBuffer = quickly.read;
helpers.toSignedLittleBuffer = quickly.write;
