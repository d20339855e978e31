'use strict';
// Stands in for the native crypto module that matrix-bot-sdk requires when it is loaded and that cannot be installed from
// npm alone. Nothing here encrypts: whoever tries to use it is told so. Encryption lives in src/matrix/crypto, if anywhere.

const OFF = 'the native crypto module is replaced by a stub: encryption does not go through matrix-bot-sdk';

class Absent {
  constructor() {
    throw new Error(OFF);
  }

  static initialize() {
    return Promise.reject(new Error(OFF));
  }
}

module.exports = {
  Attachment: Absent,
  DeviceId: Absent,
  DeviceLists: Absent,
  EncryptedAttachment: Absent,
  EncryptionSettings: Absent,
  OlmMachine: Absent,
  RoomId: Absent,
  UserId: Absent,
  EncryptionAlgorithm: { OlmV1Curve25519AesSha2: 0, MegolmV1AesSha2: 1 },
  HistoryVisibility: { Invited: 0, Joined: 1, Shared: 2, WorldReadable: 3 },
  RequestType: {
    KeysUpload: 0,
    KeysQuery: 1,
    KeysClaim: 2,
    ToDevice: 3,
    SignatureUpload: 4,
    RoomMessage: 5,
    KeysBackup: 6,
  },
  StoreType: { Sqlite: 0 },
};
