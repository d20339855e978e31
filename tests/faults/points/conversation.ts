// A person talks with one contact of three devices and in one group, as people do; what each side shows of it afterwards is judged
// here. Knows nothing of databases and kills: it says things and waits for them.
import type {
  GroupInfo,
  LoggedMessage,
  Person as Contact,
  WhatsAppSandbox,
} from '../../../sandbox/whatsapp/control-client.ts';
import { eventually, type ClientEvent, type Person } from '../../flow/journey/person.ts';
import { BOT } from '../../flow/journey/town.ts';
import { showingsOf } from '../whatsapp.ts';

export interface Cast {
  readonly whatsapp: WhatsAppSandbox;
  readonly camille: Person;
  /** Camille's account. */
  readonly account: Contact;
  /** Which of its devices is the bridge. */
  readonly device: number;
}

type Chat = 'private' | 'group';

/** What was said, in the order of speaking. */
interface Line {
  readonly chat: Chat;
  readonly by: 'camille' | 'friend';
  /** Where: what is said on WhatsApp has to be in the room, and what the account says has to be on every telephone. */
  readonly on: 'matrix' | 'whatsapp';
  text: string;
}

const CHATS: readonly Chat[] = ['private', 'group'];
/** Of the contact: the phone and two more. */
const PHONE = 0;
const DESK = 1;
const TABLET = 2;
const DEVICES = [PHONE, DESK, TABLET];
/** Prekeys that WhatsApp has left of the bridge: it asks for more when the next one is used. */
const FEW_PREKEYS = 10;
/** What should not come may come late. */
const LOOKS = 40;
const BETWEEN_LOOKS_MS = 100;

export class Conversation {
  readonly #cast: Cast;
  readonly #friend: Contact;
  readonly #group: GroupInfo;
  readonly #lines: Line[] = [];
  readonly #rooms = new Map<Chat, string>();
  /** Events that Camille wrote. */
  readonly #own = new Set<string>();
  /** Texts that somebody is made to ask for again. */
  readonly #damaged = new Set<string>();

  private constructor(cast: Cast, friend: Contact, group: GroupInfo) {
    this.#cast = cast;
    this.#friend = friend;
    this.#group = group;
  }

  /** Nobody has said anything: the contact is new, and so is the group. @param name unlike that of any other conversation */
  static async prepare(cast: Cast, name: string): Promise<Conversation> {
    const { whatsapp, account, device } = cast;
    await whatsapp.command('clearRecords', {});
    const friend = await whatsapp.createPerson({ name: `Friend ${name}`, companions: 2 });
    const group = await whatsapp.createGroup(friend.id, `Group ${name}`, [account.id]);
    await whatsapp.command('drainPrekeys', { of: account.id, device, left: FEW_PREKEYS });
    return new Conversation(cast, friend, group);
  }

  async hold(): Promise<void> {
    const { whatsapp, camille, account } = this.#cast;
    await this.#hear('private', 'one');
    await this.#hear('private', 'two', DESK);
    await this.#enter('private');
    await this.#arrived();

    const slip = await this.#say('private', 'three');
    await this.#say('private', 'four');
    await this.#hear('private', 'five', TABLET);
    await this.#arrived();

    await this.#hear('group', 'one');
    await this.#hear('group', 'two');
    await this.#enter('group');
    await this.#say('group', 'three');
    await this.#hear('group', 'four', DESK);
    await this.#say('group', 'five');
    await this.#arrived();

    // Each side cannot read a message and asks for it again, while the chat is muted on the phone.
    await whatsapp.command('blind', { viewer: this.#friend.id });
    this.#damaged.add('asked for there');
    await this.#say('private', 'asked for there');
    await this.#arrived();
    await whatsapp.command('damage', { by: this.#friend.id });
    this.#damaged.add('asked for here');
    await this.#hear('private', 'asked for here');
    const mute = { by: account.id, collection: 'regular_high', index: ['mute', this.#friend.pn] };
    await whatsapp.command('changeSetting', { ...mute, value: { muteAction: { muted: true } } });
    await this.#arrived();

    await this.#edit(slip, 'three', 'three, put right');
    await whatsapp.react(this.#friend.id, account.id, await this.#idOf('four'), '🎉');
    await this.#write('private', 'on the own phone', account.id, this.#friend.id);
    await this.#arrived();
    const room = this.#room('private');
    await eventually('a reaction', async () => (await camille.events(room)).some(({ type }) => type === 'm.reaction'));
    await eventually('silence', async () => (await camille.notified(room)) !== undefined);
  }

  /** Whether it goes on, from every device and to every device. */
  async goOn(): Promise<void> {
    for (const device of DEVICES) await this.#hear('private', `again from ${device}`, device);
    await this.#say('private', 'again');
    await this.#hear('group', 'again');
    await this.#say('group', 'again from Matrix');
    await this.#hear('group', 'again from the tablet', TABLET);
    await this.#arrived();
  }

  /** What is not as it was said, in words; late arrivals are waited for. */
  async complaints(): Promise<readonly string[]> {
    for (let look = 1; ; look += 1) {
      const found = await this.#findings();
      if (found.length === 0 || look === LOOKS) return found;
      await new Promise((resolve) => {
        setTimeout(resolve, BETWEEN_LOOKS_MS);
      });
    }
  }

  async #findings(): Promise<readonly string[]> {
    const { whatsapp, account } = this.#cast;
    const found: string[] = [];
    const compare = (where: string, seen: readonly string[], said: readonly string[]): void => {
      if (JSON.stringify(seen) === JSON.stringify(said)) return;
      found.push(`${where}: ${JSON.stringify(seen)} instead of ${JSON.stringify(said)}`);
    };
    for (const chat of CHATS) {
      compare(
        `in the room (${chat})`,
        await this.#inRoom(chat),
        this.#texts(chat, ({ on }) => on === 'whatsapp'),
      );
      const said = this.#texts(chat, ({ by }) => by === 'camille');
      for (const device of DEVICES) {
        const log = await whatsapp.messages(this.#friend.id, this.#to(chat, account.id), device);
        compare(`on device ${device} of the contact (${chat})`, textsOf(log, account.id), said);
      }
      const log = await whatsapp.messages(account.id, this.#to(chat, this.#friend.id));
      compare(`on the own phone (${chat})`, textsOf(log, account.id), said);
    }
    found.push(...(await this.#askedAgain()));
    for (const what of ['missed', 'unknown'] as const) {
      const some = await whatsapp.command(what, {});
      if (some.length > 0) found.push(`${what}: ${JSON.stringify(some)}`);
    }
    return found;
  }

  /** Messages of which one side said that it could not read them, although it was given what it needs. */
  async #askedAgain(): Promise<readonly string[]> {
    const { whatsapp, account } = this.#cast;
    const log = await whatsapp.messages(this.#friend.id, account.id);
    const meant = new Set(log.filter(({ text }) => this.#damaged.has(text)).map(({ id }) => id));
    const asked = await whatsapp.command('nodes', { person: account.id, kind: 'receipt retry' });
    return asked
      .filter(({ attrs }) => !meant.has(attrs['id'] ?? ''))
      .map(({ way, text }) => `${way === 'in' ? 'the bridge' : 'the contact'} could not read a message: ${text}`);
  }

  /** What was said on WhatsApp as the room shows it. */
  async #inRoom(chat: Chat): Promise<readonly string[]> {
    const shown = new Map<string, string>();
    const room = this.#rooms.get(chat);
    for (const event of room === undefined ? [] : await this.#cast.camille.events(room)) {
      if (event.type !== 'm.room.message' || event.sender === BOT || this.#own.has(event.event_id)) continue;
      const target = replaced(event);
      if (target === undefined) shown.set(event.event_id, String(event.content['body']));
      else shown.set(target, String((event.content['m.new_content'] as { body?: unknown } | undefined)?.body));
    }
    return [...shown.values()];
  }

  async #arrived(): Promise<void> {
    const { whatsapp, account } = this.#cast;
    for (const chat of CHATS) {
      const here = this.#texts(chat, ({ on }) => on === 'whatsapp');
      const there = this.#texts(chat, ({ by }) => by === 'camille');
      await eventually(`all of ${here.length} in the room (${chat})`, async () => {
        const seen = new Set(here.length === 0 ? [] : await this.#inRoom(chat));
        return here.every((text) => seen.has(text));
      });
      await eventually(`all of ${there.length} on the phone (${chat})`, async () => {
        const log = await whatsapp.messages(this.#friend.id, this.#to(chat, account.id));
        const seen = new Set(textsOf(log, account.id));
        return there.every((text) => seen.has(text));
      });
    }
  }

  async #hear(chat: Chat, text: string, device = PHONE): Promise<void> {
    await this.#write(chat, text, this.#friend.id, this.#to(chat, this.#cast.account.id), device);
  }

  async #write(chat: Chat, text: string, by: string, to: string, device = PHONE): Promise<void> {
    const who = by === this.#friend.id ? 'friend' : 'camille';
    this.#lines.push({ chat, by: who, on: 'whatsapp', text });
    await this.#cast.whatsapp.write(by, to, text, { device });
  }

  async #say(chat: Chat, text: string): Promise<string> {
    this.#lines.push({ chat, by: 'camille', on: 'matrix', text });
    const event = await this.#cast.camille.say(this.#room(chat), text);
    this.#own.add(event);
    return event;
  }

  async #edit(event: string, before: string, text: string): Promise<void> {
    const line = this.#lines.find((one) => one.chat === 'private' && one.on === 'matrix' && one.text === before);
    if (line !== undefined) line.text = text;
    const content = {
      msgtype: 'm.text',
      body: `* ${text}`,
      'm.new_content': { msgtype: 'm.text', body: text },
      'm.relates_to': { rel_type: 'm.replace', event_id: event },
    };
    this.#own.add(await this.#cast.camille.send(this.#room('private'), content));
  }

  async #enter(chat: Chat): Promise<void> {
    this.#rooms.set(chat, await this.#cast.camille.nextRoom());
  }

  async #idOf(text: string): Promise<string> {
    const { whatsapp, account } = this.#cast;
    return (await whatsapp.waitForText(this.#friend.id, account.id, text)).id;
  }

  #texts(chat: Chat, which: (line: Line) => boolean): readonly string[] {
    return this.#lines.filter((line) => line.chat === chat && which(line)).map(({ text }) => text);
  }

  #room(chat: Chat): string {
    return this.#rooms.get(chat) ?? '';
  }

  /** The chat as a telephone names it whose other side, in private, is this person. */
  #to(chat: Chat, other: string): string {
    return chat === 'group' ? this.#group.id : other;
  }
}

function replaced({ content }: ClientEvent): string | undefined {
  const relation = content['m.relates_to'] as { rel_type?: string; event_id?: string } | undefined;
  return relation?.rel_type === 'm.replace' ? relation.event_id : undefined;
}

/** What a telephone shows of this author, oldest first; what it cannot read is shown as that. */
function textsOf(log: readonly LoggedMessage[], author: string): readonly string[] {
  const words = log.filter(({ kind, readable }) => !readable || ['text', 'edit', 'revoke'].includes(kind));
  return showingsOf(words)
    .filter(({ by }) => by === author)
    .map(({ texts }) => texts.at(-1) ?? '(unreadable)');
}
