// What a simulated service refuses. Knows no protocol: each simulator gives the code and the words of its own.

/** What the real service would refuse: its code and its words. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
