// Profile pictures as Telegram names them. Knows nothing of people.

import { labelledJpeg } from '../../jpeg.ts';

export interface Photo {
  readonly id: bigint;
  readonly accessHash: bigint;
  readonly date: number;
  readonly bytes: Buffer;
}

export function makePhoto(id: bigint, accessHash: bigint, date: number, label: string): Photo {
  return { id, accessHash, date, bytes: labelledJpeg(label) };
}
