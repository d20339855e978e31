// The bad moments of WhatsApp, as the fault runs have them before a kill: what lines, service and other people's telephones do. Judges
// nothing, knows no bridge.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WhatsAppSandbox } from '../../sandbox/whatsapp/control-client.ts';

export interface Moment {
  readonly whatsapp: WhatsAppSandbox;
  /** The account whose day it is. */
  readonly self: string;
  readonly contacts: readonly string[];
  /** One of them. */
  readonly contact: string;
  /** Lets a contact say something at once. */
  readonly speak: (contact: string) => Promise<void>;
}

export type Trouble = (moment: Moment) => Promise<unknown>;

/** Of one telephone. */
const MOST_COMPANIONS = 4;
/** The service takes so long to give keys away. */
const SLOW_KEYS_MS = 1_000;
/** So often, then it has caught up. */
const SLOW_ANSWERS = 12;
/** Within this time everybody is written to. */
const BUSY_MS = 6_000;
/** When nobody's new device is known by then, it is on the next line. */
const KNOWN_MS = 1_500;
/** What a contact says from the moment on in which keys are asked for, until a little after they have come. */
const WORDS = 9;
const BETWEEN_WORDS_MS = 150;

export const TROUBLES: readonly Trouble[] = [
  // The line breaks, whatever is on it.
  async ({ whatsapp, self }) => await whatsapp.command('killSockets', { person: self }),
  // A message is taken, and the line breaks before that is said.
  async ({ whatsapp, self }) => await whatsapp.command('loseReplies', { person: self, what: 'message', kill: true }),
  // A message is not taken, for now.
  async ({ whatsapp, self }) => await whatsapp.command('failNext', { person: self, what: 'message', code: 500 }),
  // A contact's telephone has lost its session, as after a repair: both sides begin a new one, perhaps at the same time.
  async ({ whatsapp, self, contact }) => await whatsapp.command('forgetSession', { by: contact, with: self }),
  // It cannot read a message, and asks for it again.
  async ({ whatsapp, contact }) => await whatsapp.command('blind', { viewer: contact }),
  // It takes the most to happen, so it comes more often.
  moved,
  moved,
];

/**
 * Everybody moves to other devices: each contact has linked one more, for which keys have to be asked before they are written to; the
 * service takes its time, and just then their telephone begins a session anew and writes.
 */
async function moved({ whatsapp, self, contacts, speak }: Moment): Promise<void> {
  for (const contact of contacts) await linkAnother(whatsapp, contact);
  await whatsapp.command('delayReplies', { person: self, what: 'encrypt', ms: SLOW_KEYS_MS, times: SLOW_ANSWERS });
  const began = Date.now();
  let onTheNextLine = false;
  const begun = new Map<string, Promise<void>>();
  while (begun.size < contacts.length && Date.now() < began + BUSY_MS) {
    const wanted = await wantedKeys(whatsapp, self, began);
    for (const contact of contacts.filter((one) => !begun.has(one) && wanted.includes(`"${one}:`))) {
      begun.set(contact, beginAnew(whatsapp, contact, self, speak));
    }
    if (!onTheNextLine && begun.size === 0 && Date.now() > began + KNOWN_MS) {
      onTheNextLine = true;
      await whatsapp.command('killSockets', { person: self });
    }
    await sleep(20);
  }
  await Promise.all(begun.values());
}

async function beginAnew(
  whatsapp: WhatsAppSandbox,
  contact: string,
  self: string,
  speak: Moment['speak'],
): Promise<void> {
  await whatsapp.command('forgetSession', { by: contact, with: self });
  for (let word = 0; word < WORDS; word += 1) {
    await speak(contact);
    await sleep(BETWEEN_WORDS_MS);
  }
}

/** Whose new devices the account has asked keys of, as XML. @param since epoch ms */
async function wantedKeys(whatsapp: WhatsAppSandbox, self: string, since: number): Promise<string> {
  const asked = await whatsapp.command('nodes', { person: self, kind: 'iq get encrypt key', way: 'in' });
  // With a reason it renews sessions, and has not looked at the old ones yet.
  return asked
    .filter(({ at, text }) => at >= since && !text.includes('reason='))
    .map(({ text }) => text)
    .join('\n');
}

/** The oldest one has to make room when the telephone has linked as many as it may. */
async function linkAnother(whatsapp: WhatsAppSandbox, person: string): Promise<void> {
  const { devices } = await whatsapp.person(person);
  const companions = devices.map(({ device }) => device).filter((device) => device !== 0);
  const [oldest] = companions;
  if (oldest !== undefined && companions.length === MOST_COMPANIONS) {
    await whatsapp.command('unlink', { by: person, device: oldest });
  }
  await whatsapp.command('addCompanion', { id: person });
}
