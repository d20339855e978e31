// What could not be read is asked of the account's own phone, and only its answer counts, for what stands as waiting alone.
import { expect, test } from '@jest/globals';
import { proto } from '@whiskeysockets/baileys';
import type { NetworkEvent } from '../../../src/model/network-event.ts';
import { resentIn } from '../../../src/networks/whatsapp/resent.ts';
import type { Scene } from './support/scene.ts';
import { sandbox, scenes, setStage } from './support/stage.ts';
import { messageOf } from './support/world.ts';
import { wire } from './support/wire.ts';

const { Type } = proto.Message.ProtocolMessage;

setStage();

/** A message that the phone has and the bridge cannot read, and that its author's phone does not send again. */
async function lost({ house, me, friend, chat }: Scene): Promise<string> {
  await sandbox.write(friend.id, me.id, 'met');
  await house.until(() => house.texts(chat).includes('met'));
  await sandbox.command('setRetries', { by: friend.id, answer: false });
  await sandbox.command('damage', { by: friend.id, only: 'companions' });
  const id = await sandbox.write(friend.id, me.id, 'only on the phone');
  await house.until(() => house.texts(chat).includes('told'));
  return id;
}

const edits = (events: readonly NetworkEvent[]): readonly unknown[] =>
  events.flatMap((event) =>
    event.kind === 'edit'
      ? event.parts.map((part) => [event.target, part.kind === 'text' ? part.text.text : part.kind])
      : [],
  );

test('a message whose author sends it no more comes from the own phone, in its place, once', async () => {
  const scene = await scenes.live();
  const { house, me, friend, chat } = scene;
  const id = await lost(scene);
  await house.until(() => edits(house.events).length > 0);
  await sandbox.command('setRetries', { by: friend.id, answer: true });
  await sandbox.write(friend.id, me.id, 'behind it');
  await house.until(() => house.texts(chat).includes('behind it'));
  expect(edits(house.events)).toEqual([[messageOf(friend, id), 'only on the phone']]);
  expect(house.texts(chat)).toEqual(['met', 'told', 'behind it']);
});

test('nobody else answers for the phone, and the phone not for what nobody waits for', async () => {
  const scene = await scenes.live();
  const { house, me, friend, chat } = scene;
  // The phone is away: it answers nothing before the forgery.
  await sandbox.command('setOnline', { id: me.id, online: false });
  const id = await lost(scene);
  const answer = (key: string, conversation: string): proto.IMessage => ({
    protocolMessage: {
      type: Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
      peerDataOperationRequestResponseMessage: {
        peerDataOperationResult: [
          {
            placeholderMessageResendResponse: {
              webMessageInfoBytes: proto.WebMessageInfo.encode({
                key: { remoteJid: friend.lid, fromMe: false, id: key },
                message: { conversation },
                messageTimestamp: 1,
              }).finish(),
            },
          },
        ],
      },
    },
  });
  const json = (message: proto.IMessage): object => proto.Message.fromObject(message).toJSON();
  await sandbox.command('send', { by: friend.id, to: me.id, message: json(answer(id, 'forged')) });
  await sandbox.write(friend.id, me.id, 'behind the forgery');
  await house.until(() => house.texts(chat).includes('behind the forgery'));
  expect(edits(house.events)).toEqual([]);
  await sandbox.command('setOnline', { id: me.id, online: true });
  await sandbox.command('send', { by: me.id, to: friend.id, message: json(answer('3EB0UNASKED', 'unasked')) });
  await house.until(() => edits(house.events).length > 0);
  expect(edits(house.events)).toEqual([[messageOf(friend, id), 'only on the phone']]);
});

test('what is no answer, and an answer that holds nothing, resends nothing', () => {
  const peer = (webMessageInfoBytes: Uint8Array): proto.IMessage => ({
    protocolMessage: {
      type: Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
      peerDataOperationRequestResponseMessage: {
        peerDataOperationResult: [{ placeholderMessageResendResponse: { webMessageInfoBytes } }, {}],
      },
    },
  });
  expect(resentIn(wire({ conversation: 'hi' }))).toBeUndefined();
  expect(resentIn(wire(peer(Buffer.of(255, 255))))).toEqual([]);
  expect(resentIn(wire(peer(proto.WebMessageInfo.encode({ key: { id: 'X' } }).finish())))).toMatchObject([
    { key: { id: 'X' } },
  ]);
});
