// The keys of the settings that an account's devices share, as its own telephone hands them over. Pure; whose message it may be is the
// guards' affair.
import type { SignalDataTypeMap } from '@whiskeysockets/baileys';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { unwrap } from './content.ts';
import type { WireMessage } from './place.ts';

const { APP_STATE_SYNC_KEY_SHARE } = proto.Message.ProtocolMessage.Type;

/** By their id, in base64. */
export type SettingsKeys = Readonly<Record<string, SignalDataTypeMap['app-state-sync-key']>>;

/** @returns undefined when the message hands over none */
export function settingsKeysIn(message: WireMessage): SettingsKeys | undefined {
  const protocol = unwrap(message.message ?? {}).content.protocolMessage;
  if (protocol?.type !== APP_STATE_SYNC_KEY_SHARE) return undefined;
  const shared = protocol.appStateSyncKeyShare?.keys ?? [];
  return Object.fromEntries(
    shared.flatMap(({ keyId, keyData }) => {
      const id = keyId?.keyId;
      return id && keyData ? [[Buffer.from(id).toString('base64'), keyData]] : [];
    }),
  );
}
