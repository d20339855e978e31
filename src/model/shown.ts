// A code that a person copies or scans to sign in; knows no way of drawing it.

/** What is to be shown beside a sentence: a QR code's content or a code to type elsewhere; worthless after `until` (epoch ms). */
export interface Shown {
  readonly form: 'qr' | 'code';
  readonly data: string;
  readonly until: number;
  /** The causes of the codes before it in the same sign-in, oldest first: it takes their place. */
  readonly after?: readonly string[];
}
