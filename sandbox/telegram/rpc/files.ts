// upload.* and photos.*: profile pictures (core.telegram.org/api/files). Knows no messages.

import type { TlObject } from '../tl/layer.ts';
import { fileReference } from '../world/view.ts';
import { Refusal } from '../../refusal.ts';
import type { Human } from '../world/people.ts';
import { asBytes, asLong, asNumber, asObject, personOf, type Method, type SignedIn } from './context.ts';
import { photosOf } from './push.ts';

const BLOCK = 4096;
const MEGABYTE = 1024 * 1024;

/** Whose picture is meant. Throws LOCATION_INVALID, FILE_REFERENCE_EXPIRED. */
function ownerOf(context: SignedIn, location: TlObject): Human {
  if (location._ === 'inputPeerPhotoFileLocation') {
    const person = personOf(context, location['peer']);
    if (person.photo?.id !== asLong(location['photo_id'])) throw new Refusal(400, 'LOCATION_INVALID');
    return person;
  }
  if (location._ !== 'inputPhotoFileLocation') throw new Refusal(400, 'LOCATION_INVALID');
  const id = asLong(location['id']);
  for (const person of context.server.world.people.values()) {
    const { photo } = person;
    if (photo === null || photo.id !== id) continue;
    if (photo.accessHash !== asLong(location['access_hash'])) break;
    if (!fileReference(photo).equals(asBytes(location['file_reference']))) {
      throw new Refusal(400, 'FILE_REFERENCE_EXPIRED');
    }
    return person;
  }
  throw new Refusal(400, 'LOCATION_INVALID');
}

function getFile(context: SignedIn, request: TlObject): TlObject {
  const [offset, limit] = [Number(asLong(request['offset'])), asNumber(request['limit'])];
  const unit = request['precise'] === true ? 1024 : BLOCK;
  if (offset < 0 || offset % unit !== 0) throw new Refusal(400, 'OFFSET_INVALID');
  const oneMegabyte = Math.floor(offset / MEGABYTE) === Math.floor((offset + limit - 1) / MEGABYTE);
  const divides = request['precise'] === true || MEGABYTE % limit === 0;
  if (limit <= 0 || limit % unit !== 0 || limit > MEGABYTE || !oneMegabyte || !divides) {
    throw new Refusal(400, 'LIMIT_INVALID');
  }
  const person = ownerOf(context, asObject(request['location']));
  if (person.dc !== context.dc) throw new Refusal(303, `FILE_MIGRATE_${person.dc}`);
  const { photo } = person;
  if (photo === null) throw new Refusal(400, 'LOCATION_INVALID');
  return {
    _: 'upload.file',
    type: { _: 'storage.fileJpeg' },
    mtime: photo.date,
    bytes: photo.bytes.subarray(offset, offset + limit),
  };
}

export const fileMethods: Readonly<Record<string, Method>> = {
  'upload.getFile': getFile,
  'photos.getUserPhotos': (context, request) => {
    const person = personOf(context, request['user_id']);
    const photos = photosOf(person).slice(asNumber(request['offset']));
    return { _: 'photos.photos', photos, users: [context.view.user(person)] };
  },
};
