// Random numbers, texts and HTML that are the same at every run; knows nothing of what they are fed to.

/** A linear congruential generator: good enough to vary, and the same everywhere. */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 0x1_0000_0000) * limit);
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

const WORDS = ['a', 'été', 'один', '😀', '42', 'snake_case', 'x*y', 'end.', '(so)', '@5', '', 'https://a.example', '§'];
const SIGNS = ['*', '_', '~', '`', '```', '> ', '* ', '- ', '1. ', '\n', ' ', '\n\n', '•', '\\', '\u200b'];
const TAGS = ['b', 'i', 'em', 'strong', 'del', 'code', 'u', 'blockquote', 'p', 'ul', 'li', 'ol', 'pre', 'span', 'h1'];

export function randomText(random: Seeded): string {
  return Array.from({ length: random.below(14) }, () => random.pick(random.below(2) === 0 ? WORDS : SIGNS)).join('');
}

export function randomHtml(random: Seeded, depth = 0): string {
  let out = '';
  for (let piece = random.below(5); piece > 0; piece -= 1) {
    const kind = random.below(10);
    if (kind < 4 || depth > 4) out += random.pick(WORDS) + (random.below(2) === 0 ? ' ' : '');
    else if (kind === 4) out += random.pick(['<br>', '&lt;', '*', '_', '> ', '- ']);
    else if (kind === 5) out += `<a href="https://a.example/${random.below(9)}">${randomHtml(random, depth + 1)}</a>`;
    else {
      const tag = random.pick(TAGS);
      out += `<${tag}>${randomHtml(random, depth + 1)}</${tag}>`;
    }
  }
  return out;
}
