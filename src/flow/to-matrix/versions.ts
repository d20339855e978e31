// Which version of a remote message a room shows: none but a placeholder, the message itself, or an edit of it; knows no wire.
import { FIRST_VERSION } from '../../model/network-event.ts';
import { PLACEHOLDER, type MessageLink } from '../../model/records.ts';

/** Only a placeholder is there. */
export function waits({ editedAt, removed }: MessageLink): boolean {
  return editedAt === PLACEHOLDER && removed !== true;
}

/** @param version as an edit's date @returns whether that, or something newer, is there already */
export function shows({ editedAt }: MessageLink, version: number): boolean {
  return (editedAt ?? FIRST_VERSION) >= version;
}
