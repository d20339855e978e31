// The picture of a group's room: brought from its network once, shown by whoever may; a picture that cannot be had keeps nothing else.
import type { Picture } from '../model/chat.ts';
import type { EffectId, MxcUri, PuppetId, RoomId } from '../model/ids.ts';
import type { Portal } from '../model/records.ts';
import type { Speaker } from '../ports/matrix.ts';
import type { MediaStream } from '../ports/network.ts';
import type { FlowDoors } from './doors.ts';

export interface Showing {
  readonly portal: Portal & { readonly room: RoomId };
  /** Whose login can fetch it. */
  readonly puppet: PuppetId;
  readonly id: EffectId;
  /** Null: the group has none. */
  readonly picture: Picture | null;
  /** @returns false when nobody may */
  readonly by: (work: (speaker: Speaker) => Promise<void>) => Promise<boolean>;
}

/** Writes nothing that is so already; what the room showed before it was put aside comes back without being fetched again. */
export async function showPicture(
  doors: Pick<FlowDoors, 'matrix' | 'session' | 'log'>,
  { portal, puppet, id, picture, by }: Showing,
): Promise<void> {
  const { pictures } = doors.matrix;
  const uri = picture === null ? undefined : await uriOf(doors, portal, puppet, picture);
  if (picture !== null && uri === undefined) return;
  const done = await by(async (speaker) => {
    await speaker.showPicture(portal.room, id, uri);
  });
  if (done)
    await pictures.keep(portal.room, picture === null || uri === undefined ? undefined : { hash: picture.hash, uri });
  else doors.log.info({ room: portal.room, code: 'not-pictured' }, 'the room may not have another picture');
}

/** What comes back of a picture that was set in the room, and is no longer the room's: another has taken its place, or none. */
export async function isPast(
  doors: Pick<FlowDoors, 'matrix'>,
  room: RoomId,
  picture: Picture | null,
): Promise<boolean> {
  const { pictures } = doors.matrix;
  if (picture === null || (await pictures.setHere(room)) !== picture.hash) return false;
  return (await pictures.shown(room))?.hash !== picture.hash;
}

async function uriOf(
  doors: Pick<FlowDoors, 'matrix' | 'session' | 'log'>,
  { key, room }: Showing['portal'],
  puppet: PuppetId,
  { hash, source }: Picture,
): Promise<MxcUri | undefined> {
  const { pictures } = doors.matrix;
  const shown = await pictures.shown(room);
  if (shown?.hash === hash) return shown.uri;
  const session = doors.session(puppet);
  const open = async (): Promise<MediaStream | undefined> => await session?.openMedia(source);
  return await pictures.bring(key.network, hash, open);
}
