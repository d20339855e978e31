// A contact on a simulated network who does everything that people can do there with each kind of message, in one chat with one
// login. Knows no bridge and no Matrix.
import { randomBytes } from 'node:crypto';
import type { Entity, MessageKind, TelegramSandbox } from '../../../../sandbox/telegram/control-client.ts';
import type { LoggedMessage, TextOptions, WhatsAppSandbox } from '../../../../sandbox/whatsapp/control-client.ts';
import type { Kind } from '../../../features/kinds.ts';

/** What the contact has of whoever is logged in. */
export interface Seen {
  readonly id: string;
  readonly text: string;
  readonly bold: boolean;
  /** Everybody is called with it. */
  readonly calls: boolean;
  /** Somebody is mentioned in it. */
  readonly mentions: boolean;
  /** What is behind an address stands below it. */
  readonly preview: boolean;
  readonly edited: boolean;
  readonly gone: boolean;
  readonly answers: string | undefined;
}

export interface Far {
  /** @returns the message's id */
  write(kind: Kind['name'], words: string, answers?: string): Promise<string>;
  edit(kind: Kind['name'], id: string, words: string): Promise<void>;
  react(id: string, emoji: string): Promise<void>;
  remove(id: string): Promise<void>;
  seen(): Promise<readonly Seen[]>;
  /** Ids of messages that whoever is logged in has reacted to. */
  reactedTo(): Promise<readonly string[]>;
}

export function farOnTelegram(telegram: TelegramSandbox, contact: string, self: string): Far {
  const plain = ['text', 'formatted text'];
  const bold = (words: string): Entity => ({ type: 'messageEntityBold', offset: 0, length: words.length });
  return {
    write: async (kind, words, answers) => {
      const message = await telegram.write(contact, self, words, {
        ...(plain.includes(kind) ? {} : { kind: kind as MessageKind }),
        ...(kind === 'formatted text' ? { entities: [bold(words)] } : {}),
        ...(answers === undefined ? {} : { replyTo: Number(answers) }),
      });
      return String(message.id);
    },
    edit: async (kind, id, words) => {
      const entities = kind === 'formatted text' ? [bold(words)] : [];
      await telegram.command('edit', { by: contact, id: Number(id), text: words, entities });
    },
    react: async (id, emoji) => await telegram.react(contact, Number(id), emoji),
    remove: async (id) => void (await telegram.remove(contact, [Number(id)])),
    seen: async () =>
      (await telegram.messages(contact, self))
        .filter(({ out }) => !out)
        .map(({ id, text, entities, edits, deleted, replyTo }) => ({
          id: String(id),
          text,
          bold: entities.some(({ type }) => type === 'messageEntityBold'),
          calls: false,
          mentions: false,
          preview: false,
          edited: edits.length > 0,
          gone: deleted,
          answers: replyTo === null ? undefined : String(replyTo),
        })),
    // The simulated Telegram takes no reactions of clients: whoever teaches it to, lets them be seen here.
    reactedTo: async () => await Promise.resolve([]),
  };
}

type Content = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const bytes = (length: number): string => randomBytes(length).toString('base64');
const file = (mimetype: string): Readonly<Record<string, unknown>> => ({
  mimetype,
  url: 'https://mmg.whatsapp.net/v/t62/nothing',
  directPath: '/v/t62/nothing',
  mediaKey: bytes(32),
  fileSha256: bytes(32),
  fileEncSha256: bytes(32),
  fileLength: 1000,
});

/** As phones write them; the words stand where people see them. */
const CONTENTS: Readonly<Record<string, (words: string) => Content>> = {
  photo: (caption) => ({ imageMessage: { ...file('image/jpeg'), caption } }),
  video: (caption) => ({ videoMessage: { ...file('video/mp4'), caption, seconds: 3 } }),
  voice: () => ({ audioMessage: { ...file('audio/ogg; codecs=opus'), seconds: 3, ptt: true } }),
  audio: () => ({ audioMessage: { ...file('audio/mpeg'), seconds: 3 } }),
  file: (caption) => ({ documentMessage: { ...file('application/pdf'), fileName: 'minutes.pdf', caption } }),
  sticker: () => ({ stickerMessage: file('image/webp') }),
  location: (name) => ({ locationMessage: { degreesLatitude: 48.85, degreesLongitude: 2.35, name } }),
  'live location': (caption) => ({
    liveLocationMessage: { degreesLatitude: 48.85, degreesLongitude: 2.35, caption, sequenceNumber: 1 },
  }),
  contact: (displayName) => ({ contactMessage: { displayName, vcard: 'BEGIN:VCARD\nVERSION:3.0\nEND:VCARD' } }),
  poll: (name) => ({
    pollCreationMessageV3: {
      name,
      options: [{ optionName: 'yes' }, { optionName: 'no' }],
      selectableOptionsCount: 1,
    },
  }),
  event: (name) => ({ eventMessage: { name, startTime: 1_900_000_000 } }),
  'view-once photo': () => ({ viewOnceMessageV2: { message: { imageMessage: file('image/jpeg') } } }),
};

/** An address that nobody opens. */
export const ADDRESS = 'https://example.org/minutes';

/** Texts that are more than their words. @param self whom the contact writes to */
const TEXTS: Readonly<Record<string, (words: string, self: string) => TextOptions & { readonly text?: string }>> = {
  'formatted text': (words) => ({ text: `*${words}*` }),
  'text with a preview': (words) => ({ text: `${words} ${ADDRESS}`, preview: { url: ADDRESS, title: 'Minutes' } }),
  'forwarded text': () => ({ forwarded: true }),
  'text that disappears': () => ({ expiration: 7 * 86_400 }),
  'text with a mention': (words, self) => ({ text: `@${self} ${words}`, mentions: [self] }),
  'call to everybody': (words) => ({ text: `@all ${words}`, everyone: true }),
};

/** In groups the server is asked, in private chats it is said. */
async function timed(whatsapp: WhatsAppSandbox, by: string, chat: string): Promise<string> {
  const seconds = 7 * 86_400;
  if (!chat.endsWith('@g.us')) return (await whatsapp.command('setTimer', { by, to: chat, seconds })).id;
  await whatsapp.command('changeGroup', { by, group: chat, ephemeral: seconds });
  return '';
}

/** @param chat the other person, or the group; as the simulator names it @param jid the same as addresses name it */
export function farOnWhatsApp(
  whatsapp: WhatsAppSandbox,
  { contact, self, chat, jid }: Readonly<Record<'contact' | 'self' | 'chat' | 'jid', string>>,
): Far {
  const log = async (): Promise<readonly LoggedMessage[]> =>
    (await whatsapp.messages(contact, chat)).filter(({ from, readable }) => from === self && readable);
  return {
    write: async (kind, words, answers) => {
      if (kind === 'timer of the chat') return await timed(whatsapp, contact, chat);
      if (kind === 'call') return (await whatsapp.command('call', { by: contact, to: chat })).call;
      const make = CONTENTS[kind];
      if (make === undefined) {
        const { text = words, ...options } = TEXTS[kind]?.(words, self) ?? {};
        const about = answers === undefined ? {} : { replyTo: answers };
        return await whatsapp.write(contact, chat, text, { ...options, ...about });
      }
      const content = make(words);
      const message =
        answers === undefined ? content : answering(content, answers, (await whatsapp.person(contact)).pn);
      return (await whatsapp.command('send', { by: contact, to: chat, message })).id;
    },
    edit: async (kind, id, words) => {
      const make = CONTENTS[kind];
      if (make === undefined) {
        const { text = words } = TEXTS[kind]?.(words, self) ?? {};
        const sealed = kind === 'text whose edits are sealed';
        await whatsapp.command('edit', { by: contact, chat, id, text, sealed });
        return;
      }
      const key = { remoteJid: jid, fromMe: true, id };
      const edited = { key, type: 'MESSAGE_EDIT', editedMessage: make(words), timestampMs: Date.now() };
      const message = { editedMessage: { message: { protocolMessage: edited } } };
      await whatsapp.command('send', { by: contact, to: chat, message, edit: '1' });
    },
    react: async (id, emoji) => void (await whatsapp.react(contact, chat, id, emoji)),
    remove: async (id) => void (await whatsapp.remove(contact, chat, id)),
    seen: async () => shown(await log()),
    reactedTo: async () => (await log()).flatMap(({ kind, target }) => (kind === 'reaction' ? [target ?? ''] : [])),
  };
}

/** The kind's own part of the message names what it answers. */
function answering(content: Content, stanzaId: string, participant: string): Content {
  const [entry] = Object.entries(content);
  if (entry === undefined) return content;
  const [name, part] = entry;
  const contextInfo = { stanzaId, participant, quotedMessage: { conversation: 'quoted' } };
  const inner = part['message'] as Content | undefined;
  return {
    [name]: inner === undefined ? { ...part, contextInfo } : { message: answering(inner, stanzaId, participant) },
  };
}

function shown(log: readonly LoggedMessage[]): readonly Seen[] {
  const all = new Map<string, Seen>();
  for (const { id, kind, text, target, quoted, everyone: calls, mentions, preview: found } of log) {
    const before = all.get(target ?? '');
    const more = { calls, mentions: mentions.length > 0, preview: found !== null };
    if (kind === 'text' || kind === 'other') {
      const bold = /\*[^*\s][^*]*\*/.test(text);
      const fresh = { id, text, bold, ...more, edited: false, gone: false, answers: quoted ?? undefined };
      if (!all.has(id)) all.set(id, fresh);
    } else if (before !== undefined && kind === 'edit') all.set(before.id, { ...before, ...more, text, edited: true });
    else if (before !== undefined && kind === 'revoke') all.set(before.id, { ...before, gone: true });
  }
  return [...all.values()];
}
