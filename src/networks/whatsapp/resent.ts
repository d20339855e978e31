// What the account's own phone hands over of messages that could not be read here: asked for by the library, once for each. Pure.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { unwrap } from './content.ts';
import type { WireMessage } from './place.ts';

const { PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE } = proto.Message.ProtocolMessage.Type;

/** @returns the phone's copies; undefined when it is no such answer. Whose answer it may be is the guards' affair. */
export function resentIn(message: WireMessage): readonly WireMessage[] | undefined {
  const protocol = unwrap(message.message ?? {}).content.protocolMessage;
  if (protocol?.type !== PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE) return undefined;
  const results = protocol.peerDataOperationRequestResponseMessage?.peerDataOperationResult ?? [];
  return results.flatMap(({ placeholderMessageResendResponse: copy }) => {
    const bytes = copy?.webMessageInfoBytes;
    return bytes === null || bytes === undefined ? [] : (decoded(bytes) ?? []);
  });
}

function decoded(bytes: Uint8Array): WireMessage | undefined {
  try {
    return proto.WebMessageInfo.decode(bytes);
  } catch {
    // No copy: what stands as waiting goes on waiting.
    return undefined;
  }
}
