// What only a phone does: it greets a new companion with keys and history, answers its companions' requests, tells them of
// the move to LIDs. Makes protobufs; writes through the device's outbox.

import { deflateSync } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { Device } from '../world/device.ts';
import type { Content } from './log.ts';
import type { SimDevice } from './sim-device.ts';

const { Type } = proto.Message.ProtocolMessage;
const { HistorySyncType } = proto.HistorySync;

function keyShare(phone: SimDevice): Content {
  const { id, data } = phone.settings.key;
  const { rawId } = phone.device.person;
  const fingerprint = { rawId, currentIndex: 0, deviceIndexes: [0] };
  return {
    protocolMessage: {
      type: Type.APP_STATE_SYNC_KEY_SHARE,
      appStateSyncKeyShare: {
        keys: [
          { keyId: { keyId: id }, keyData: { keyData: data, fingerprint, timestamp: phone.server.world.clock.now() } },
        ],
      },
    },
  };
}

function history(sync: proto.IHistorySync): Content {
  const bytes = proto.HistorySync.encode(sync).finish();
  return {
    protocolMessage: {
      type: Type.HISTORY_SYNC_NOTIFICATION,
      historySyncNotification: {
        syncType: sync.syncType as number,
        chunkOrder: sync.chunkOrder ?? 0,
        progress: 100,
        initialHistBootstrapInlinePayload: deflateSync(bytes),
      },
    },
  };
}

/** What a phone sends to a companion that has just been linked: the settings' key, the chats without their past, the names. */
export function greetCompanion(phone: SimDevice, companion: Device): void {
  const { world } = phone.server;
  const { person } = phone.device;
  const known = [...world.acquaintances(person)];
  phone.outbox.sendPeer(companion, keyShare(phone));
  phone.outbox.sendPeer(
    companion,
    history({
      syncType: HistorySyncType.INITIAL_BOOTSTRAP,
      chunkOrder: 1,
      progress: 100,
      conversations: [],
      phoneNumberToLidMappings: known.map((one) => ({ pnJid: one.jid('pn'), lidJid: one.jid('lid') })),
    }),
  );
  phone.outbox.sendPeer(
    companion,
    history({
      syncType: HistorySyncType.PUSH_NAME,
      chunkOrder: 2,
      pushnames: known.map((one) => ({ id: one.jid('pn'), pushname: one.name })),
    }),
  );
}

/** From now on this person's chats are addressed by LID; the companions are told which is which. */
export function tellMigration(phone: SimDevice): void {
  const { world } = phone.server;
  const { person } = phone.device;
  const payload = proto.LIDMigrationMappingSyncPayload.encode({
    pnToLidMappings: [...world.acquaintances(person)].map((one) => ({
      pn: Number(one.phone),
      assignedLid: Number(one.lid),
      latestLid: Number(one.lid),
    })),
    chatDbMigrationTimestamp: world.clock.seconds(),
  }).finish();
  for (const companion of person.companions) {
    phone.outbox.sendPeer(companion, {
      protocolMessage: {
        type: Type.LID_MIGRATION_MAPPING_SYNC,
        lidMigrationMappingSyncMessage: { encodedMappingPayload: payload },
      },
    });
  }
}

/** A companion asks its phone for something. */
export function servePhone(phone: SimDevice, companion: Device | undefined, asked: Content): void {
  const protocol = asked.protocolMessage;
  if (companion === undefined || !protocol) return;
  if (protocol.type === Type.APP_STATE_SYNC_KEY_REQUEST) {
    phone.outbox.sendPeer(companion, keyShare(phone));
    return;
  }
  const request = protocol.peerDataOperationRequestMessage;
  if (!request) return;
  const found = (request.placeholderMessageResendRequest ?? []).flatMap(({ messageKey }) => {
    const bytes = messageKey ? stored(phone, messageKey) : null;
    return bytes === null ? [] : [{ placeholderMessageResendResponse: { webMessageInfoBytes: bytes } }];
  });
  phone.outbox.sendPeer(companion, {
    protocolMessage: {
      type: Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
      peerDataOperationRequestResponseMessage: {
        peerDataOperationRequestType: request.peerDataOperationRequestType ?? null,
        stanzaId: null,
        peerDataOperationResult: found,
      },
    },
  });
}

/** The phone's own copy of a message, as it hands it to a companion; null when it never read it. */
function stored(phone: SimDevice, key: proto.IMessageKey): Uint8Array | null {
  const { world } = phone.server;
  const jid = key.remoteJid ?? '';
  const chat = world.groupAt(jid)?.jid ?? world.personAt(jid)?.lid ?? jid;
  const content = phone.log.contents.get(`${chat} ${key.id ?? ''}`);
  const entry = phone.log.find(chat, key.id ?? '');
  if (content === undefined || entry === undefined) return null;
  return proto.WebMessageInfo.encode({
    key,
    message: content,
    messageTimestamp: Math.floor(entry.at / 1000),
  }).finish();
}
