// Profile pictures: tiny JPEGs, no two alike. Knows nothing of people.

/** A grey JPEG of one pixel. */
const PIXEL = Buffer.from(
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////' +
    'wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z',
  'base64',
);

export interface Photo {
  readonly id: bigint;
  readonly accessHash: bigint;
  readonly date: number;
  readonly bytes: Buffer;
}

/** The label stands in a comment segment behind the start marker: the picture stays a JPEG and becomes its own. */
export function makePhoto(id: bigint, accessHash: bigint, date: number, label: string): Photo {
  const comment = Buffer.from(label, 'utf8').subarray(0, 200);
  const head = Buffer.from([0xff, 0xfe, 0, 0]);
  head.writeUInt16BE(comment.length + 2, 2);
  return { id, accessHash, date, bytes: Buffer.concat([PIXEL.subarray(0, 2), head, comment, PIXEL.subarray(2)]) };
}
