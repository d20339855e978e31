// Commands of people who talk: what they write, change, take back, read, how they sort their chats, whom they call.

import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { Commands, Desk } from './commands.ts';

export function talkCommands({
  hands,
}: Desk): Commands<
  | 'write'
  | 'edit'
  | 'remove'
  | 'react'
  | 'setTimer'
  | 'send'
  | 'sendUnavailable'
  | 'postStatus'
  | 'writeToList'
  | 'postInChannel'
  | 'type'
  | 'read'
  | 'call'
  | 'answerCall'
  | 'endCall'
  | 'changeSetting'
  | 'putSnapshot'
  | 'settings'
> {
  return {
    write: ({ by, device, to, text, id, ...options }) => ({
      id: hands.write(hands.sim(by, device), to, text, options, id),
    }),
    edit: ({ by, device, chat, id, text, editId, sealed }) => ({
      id: hands.edit(hands.sim(by, device), chat, id, text, { sealed: sealed === true, id: editId }),
    }),
    remove: ({ by, device, chat, id }) => ({ id: hands.remove(hands.sim(by, device), chat, id) }),
    react: ({ by, device, chat, id, emoji }) => ({ id: hands.react(hands.sim(by, device), chat, id, emoji) }),
    setTimer: ({ by, device, to, seconds }) => ({ id: hands.setTimer(hands.sim(by, device), to, seconds) }),
    send: ({ by, device, to, message, id, type, edit }) => ({
      id: hands.send(hands.sim(by, device), to, message, {
        ...(id === undefined ? {} : { id }),
        ...(type === undefined ? {} : { type }),
        ...(edit === undefined ? {} : { edit }),
      }),
    }),
    sendUnavailable: ({ by, device, to, type, id }) => ({
      id: hands.sendUnavailable(hands.sim(by, device), to, type ?? 'view_once', id),
    }),
    postStatus: ({ by, to, text }) => ({ id: hands.broadcast(hands.sim(by), 'status', to, text) }),
    writeToList: ({ by, list, to, text }) => ({ id: hands.broadcast(hands.sim(by), list, to, text) }),
    postInChannel: ({ to, channel, text }) => ({ id: hands.postInChannel(to, channel, text) }),
    type: ({ by, device, to, state }) => {
      hands.type(hands.sim(by, device), to, state ?? 'composing');
      return null;
    },
    read: ({ by, device, chat, ids }) => ({ read: hands.read(hands.sim(by, device), chat, ids) }),
    changeSetting: ({ by, collection, index, value, version, remove }) => {
      const made = proto.SyncActionValue.fromObject({ timestamp: Date.now(), ...value });
      const operation = remove === true ? 'remove' : 'set';
      hands.sim(by).settings.change(collection, [{ operation, index, value: made, version: version ?? 2 }]);
      return null;
    },
    putSnapshot: ({ of, collection, directPath }) => {
      const mediaKey = randomBytes(32);
      const reference = proto.ExternalBlobReference.encode({ directPath, mediaKey }).finish();
      hands.person(of).appState.putSnapshot(collection, reference);
      return null;
    },
    settings: ({ viewer, collection }) => {
      const { settings } = hands.sim(viewer);
      if (settings.refused.length > 0) throw new Error(`the phone refused a patch: ${settings.refused.join('; ')}`);
      return settings
        .collection(collection)
        .mutations.map(({ index, value }) => ({ index, value: proto.SyncActionValue.fromObject(value).toJSON() }));
    },
    call: ({ by, to, video }) => ({ call: hands.call(hands.sim(by), to, video ?? false) }),
    answerCall: ({ by, caller, call, how }) => {
      hands.answerCall(hands.sim(by), caller, call, how);
      return null;
    },
    endCall: ({ by, to, call, reason }) => {
      hands.endCall(hands.sim(by), to, call, reason);
      return null;
    },
  };
}
