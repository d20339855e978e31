// Telephone numbers as people write them, read as every network names them: with the country code, digits alone. Knows no network.

export type PhoneReading =
  /** Country code first, without `+`. */
  | { readonly kind: 'number'; readonly digits: string }
  /** A number as it is dialled within a country: whose it is cannot be known. */
  | { readonly kind: 'no-country-code' }
  | { readonly kind: 'no-number' };

/** Spaces of any width, dots, hyphens, slashes, and the marks of direction that address books copy along. */
const BETWEEN = /[\s./\p{Pd}\p{Cf}]/gu;
const FEWEST_DIGITS = 7;
/** ITU-T E.164. */
const MOST_DIGITS = 15;
/**
 * Here the 0 that is dialled within the country is no part of the number, and no number begins with one: `+33 06…` means `+33 6…`.
 * Elsewhere it may be (Italy, Ivory Coast, Gabon). National numbering plans, ITU-T E.164.
 */
const ZERO_IS_DIALLED = /^(33|32|31|41|43|44|49|262|508|590|594|596)0/;
const ITALY = '39';

/** Only what begins with `+` or `00` says its country; `(0)` behind that is what the country itself dials. */
export function readPhone(text: string): PhoneReading {
  const written = text.normalize('NFKC').replaceAll(BETWEEN, '');
  if (!/^\(?\+?[\d()]+$/.test(written)) return { kind: 'no-number' };
  const abroad = /^\(?(?:\+|00)(.*)$/.exec(written)?.[1];
  const digits = (abroad === undefined ? written : withoutTrunk(abroad)).replaceAll(/[()]/g, '');
  if (digits.length < FEWEST_DIGITS || digits.length > MOST_DIGITS) return { kind: 'no-number' };
  if (abroad === undefined || digits.startsWith('0')) return { kind: 'no-country-code' };
  return { kind: 'number', digits: digits.replace(ZERO_IS_DIALLED, '$1') };
}

/** In Italy `(0)` is dialled from everywhere. */
function withoutTrunk(abroad: string): string {
  return abroad.replace(/^\(?(\d{1,3})\)?\(0\)/, (all, code: string) => (code === ITALY ? all : code));
}
