// What a message may hold besides text, as small TL objects that every layer here has. Nothing can be downloaded of it.

import type { MessageKind } from '../control-types.ts';
import type { TlObject } from '../tl/layer.ts';

const ACTIONS: Readonly<Partial<Record<MessageKind, (uid: number) => TlObject>>> = {
  call: (uid) => ({ _: 'messageActionPhoneCall', call_id: BigInt(uid), duration: 42 }),
  screenshot: () => ({ _: 'messageActionScreenshotTaken' }),
  joined: () => ({ _: 'messageActionContactSignUp' }),
};

const MEDIA: Readonly<Partial<Record<MessageKind, (uid: number, date: number) => TlObject>>> = {
  photo: (uid, date) => ({
    _: 'messageMediaPhoto',
    photo: {
      _: 'photo',
      id: BigInt(uid),
      access_hash: 1n,
      file_reference: Buffer.of(1),
      date,
      sizes: [{ _: 'photoSize', type: 'm', w: 320, h: 240, size: 1_000 }],
      dc_id: 4,
    },
  }),
  sticker: (uid, date) =>
    document(uid, date, 'image/webp', [
      { _: 'documentAttributeSticker', alt: '🕊️', stickerset: { _: 'inputStickerSetEmpty' } },
    ]),
  voice: (uid, date) =>
    document(uid, date, 'audio/ogg', [{ _: 'documentAttributeAudio', voice: true, duration: 3 }], { voice: true }),
  file: (uid, date) =>
    document(uid, date, 'application/pdf', [{ _: 'documentAttributeFilename', file_name: 'minutes.pdf' }]),
  location: () => ({ _: 'messageMediaGeo', geo: { _: 'geoPoint', long: 2.35, lat: 48.85, access_hash: 1n } }),
  contact: (uid) => ({
    _: 'messageMediaContact',
    phone_number: '33600000000',
    first_name: 'Somebody',
    last_name: '',
    vcard: '',
    user_id: BigInt(uid),
  }),
};

function document(
  uid: number,
  date: number,
  mime: string,
  attributes: readonly TlObject[],
  more: Readonly<Record<string, true>> = {},
): TlObject {
  return {
    _: 'messageMediaDocument',
    ...more,
    document: {
      _: 'document',
      id: BigInt(uid),
      access_hash: 1n,
      file_reference: Buffer.of(1),
      date,
      mime_type: mime,
      size: 1_000n,
      dc_id: 4,
      attributes,
    },
  };
}

/** The action of a service message; undefined when the kind is an ordinary one. */
export const actionOf = (kind: MessageKind, uid: number): TlObject | undefined => ACTIONS[kind]?.(uid);

export const mediaOf = (kind: MessageKind, uid: number, date: number): TlObject | undefined => MEDIA[kind]?.(uid, date);
