// Which version of a remote message a room shows: none but a placeholder, the message itself, or an edit of it; knows no wire.
import { isPlaceholder, type MessageBody } from '../../model/message.ts';
import { FIRST_VERSION } from '../../model/network-event.ts';
import { PLACEHOLDER, type MessageLink } from '../../model/records.ts';

/** Only a placeholder is there. */
export function waits({ editedAt, removed }: MessageLink): boolean {
  return editedAt === PLACEHOLDER && removed !== true;
}

/**
 * A link without a date may stand for a notice that was shown before there were placeholders: rather the same words twice than lost
 * ones. What was written here is no notice.
 * @param version as an edit's date @returns whether that, or something newer, is there already
 */
export function shows({ editedAt, direction }: MessageLink, version: number): boolean {
  return (editedAt ?? (direction === 'to-network' ? FIRST_VERSION : PLACEHOLDER)) >= version;
}

/** What a link of a new event says, and with it the next edit. A notice of the network's own that is no placeholder has no version. */
export function versionOf(body: MessageBody, editedAt: number | undefined): Pick<MessageLink, 'editedAt'> {
  if (isPlaceholder(body)) return { editedAt: PLACEHOLDER };
  if (editedAt !== undefined) return { editedAt };
  return body.kind === 'told' ? {} : { editedAt: FIRST_VERSION };
}
