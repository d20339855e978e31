// The one error for bytes from the other side that the protocol does not explain.

/** Malformed frames, handshakes, nodes or payloads. Its message names no content, so that it can be logged. */
export class WireError extends Error {
  override readonly name = 'WireError';
}
