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
  /** It is what was set in the room, or taken away there: what somebody here has done since is newer, and stays. */
  readonly back?: boolean;
  /** @returns false when nobody may */
  readonly by: (work: (speaker: Speaker) => Promise<void>) => Promise<boolean>;
}

/** Writes nothing that is so already; what the room showed before it was put aside comes back without being fetched again. */
export async function showPicture(
  doors: Pick<FlowDoors, 'matrix' | 'session' | 'log'>,
  { portal, puppet, id, picture, back = false, by }: Showing,
): Promise<void> {
  const { pictures } = doors.matrix;
  const uri = picture === null ? undefined : await uriOf(doors, portal, puppet, picture);
  if (picture !== null && uri === undefined) return;
  const done = await by(async (speaker) => {
    await speaker.showPicture(portal.room, id, uri, back ? 'over-ours' : undefined);
  });
  // What is kept of it was kept when it was done over there.
  if (done && back) return;
  if (done)
    await pictures.keep(portal.room, picture === null || uri === undefined ? undefined : { hash: picture.hash, uri });
  else doors.log.info({ room: portal.room, code: 'not-pictured' }, 'the room may not have another picture');
}

/** Whether this is what comes back of the last picture that was set in the room, or of taking it away there. */
export async function comesBack(
  doors: Pick<FlowDoors, 'matrix'>,
  room: RoomId,
  picture: Picture | null,
): Promise<boolean> {
  const { set, taken } = await doors.matrix.pictures.fromHere(room);
  return picture === null ? taken : picture.hash === set?.hash;
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
  const { set } = await pictures.fromHere(room);
  if (set?.hash === hash) return set.uri;
  const session = doors.session(puppet);
  const open = async (): Promise<MediaStream | undefined> => await session?.openMedia(source);
  return await pictures.bring(key.network, hash, open);
}
