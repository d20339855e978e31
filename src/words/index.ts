// The catalogue of everything the bridge says to people, in English and French; knows no grammar beyond {name} holes and
// the plural of what is counted.
import { en as commandsEn } from './en/commands.ts';
import { en as flowEn } from './en/flow.ts';
import { en as networksEn } from './en/networks.ts';
import { en as whatsappEn } from './en/whatsapp.ts';
import { fr as commandsFr } from './fr/commands.ts';
import { fr as flowFr } from './fr/flow.ts';
import { fr as networksFr } from './fr/networks.ts';
import { fr as whatsappFr } from './fr/whatsapp.ts';

const en = { ...flowEn, ...networksEn, ...whatsappEn, ...commandsEn };
const fr: Record<keyof typeof en, string> = { ...flowFr, ...networksFr, ...whatsappFr, ...commandsFr };

export type SayKey = keyof typeof en;

/**
 * Fills `{name}` holes from `values`; a value that is itself a catalogue key (`kind.photo`) is rendered too. `{hours:hour|hours}` is a
 * number with what is counted, in the form that the language wants for it.
 */
export function render(
  sentence: { readonly key: SayKey; readonly with?: Readonly<Record<string, string | number>> },
  language: 'en' | 'fr',
): string {
  const catalogue: Record<string, string> = language === 'fr' ? fr : en;
  const template = catalogue[sentence.key] ?? sentence.key;
  return template.replace(HOLE, (hole, name: string, one?: string, more?: string) => {
    const value = sentence.with?.[name];
    if (value === undefined) return hole;
    if (one !== undefined) return `${value} ${isOne(Number(value), language) ? one : more}`;
    return typeof value === 'string' && name === 'kind' && value in catalogue
      ? (catalogue[value] ?? value)
      : String(value);
  });
}

const HOLE = /\{(\w+)(?::([^|{}]+)\|([^|{}]+))?\}/g;
const plurals = { en: new Intl.PluralRules('en'), fr: new Intl.PluralRules('fr') };

function isOne(count: number, language: 'en' | 'fr'): boolean {
  return plurals[language].select(count) === 'one';
}

export const languages = ['en', 'fr'] as const;
export const catalogues = { en, fr } as const;
