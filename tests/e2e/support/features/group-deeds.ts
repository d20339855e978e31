// What people do to a group, done on one side and looked for on the other, on WhatsApp. It must not know what is expected.
import { labelledJpeg } from '../../../../sandbox/jpeg.ts';
import type { Person as OnWhatsApp } from '../../../../sandbox/whatsapp/control-client.ts';
import type { GroupInfo } from '../../../../sandbox/whatsapp/control-types.ts';
import type { deeds } from '../../../features/kinds.ts';
import { bodyOf } from '../person.ts';
import { inRoom, notices, type Field, type Hands } from './deeds.ts';

type Name = (typeof deeds)['WhatsApp, groups themselves'][number]['name'];
type Levels = Readonly<Record<string, unknown>> & { readonly users?: Readonly<Record<string, number>> };

/** What was set up by the first of them, and is used by the others. */
interface Place {
  readonly group: string;
  readonly room: string;
  /** Who comes and goes; her ghost once she has come. */
  readonly third: OnWhatsApp;
  ghost: string;
}

/** @param third somebody else on WhatsApp */
export function groupHands(third: OnWhatsApp): Readonly<Record<Name, Hands>> {
  let made: Place | undefined;
  const place = (): Place => {
    if (made === undefined) throw new Error('there is no group');
    return made;
  };

  const onWhatsApp = async ({ town }: Field, group = place().group): Promise<GroupInfo> => {
    const now = await town.whatsapp.command('group', { group });
    if (now === null) throw new Error('no group');
    return now;
  };
  const until = async (field: Field, what: string, fits: (group: GroupInfo) => boolean): Promise<void> =>
    void (await field.person.until(what, async () => fits(await onWhatsApp(field))));
  const stateOf = async ({ person }: Field, type: string, key = ''): Promise<Readonly<Record<string, unknown>>> => {
    const all = await person.state(place().room);
    return all.find((one) => one.type === type && one.state_key === key)?.content ?? {};
  };
  const untilState = async (
    field: Field,
    type: string,
    fits: (content: Readonly<Record<string, unknown>>) => boolean,
    key = '',
  ): Promise<void> => void (await field.person.until(type, async () => fits(await stateOf(field, type, key))));
  const untilMember = async (field: Field, membership: string): Promise<void> =>
    await untilState(field, 'm.room.member', (content) => content['membership'] === membership, place().ghost);
  const levels = async (field: Field): Promise<Levels> => await stateOf(field, 'm.room.power_levels');
  const untilLevel = async (field: Field, user: string, level: number | undefined): Promise<void> =>
    void (await field.person.until(`the level of ${user}`, async () => (await levels(field)).users?.[user] === level));
  const set = async ({ person }: Field, type: string, content: object): Promise<void> =>
    void (await person.client.sendStateEvent(place().room, type as never, content as never));
  const level = async (field: Field, change: (now: Levels) => object): Promise<void> => {
    const now = await levels(field);
    await set(field, 'm.room.power_levels', { ...now, ...change(now) });
  };

  const change = async ({ town, contact }: Field, what: object): Promise<void> =>
    void (await town.whatsapp.command('changeGroup', { by: contact.id, group: place().group, ...what }));
  const members = async (
    { town, contact }: Field,
    what: 'add' | 'remove' | 'promote' | 'demote',
    who: OnWhatsApp = third,
  ): Promise<void> => {
    const asked = { by: contact.id, group: place().group, change: what, people: [who.id] };
    await town.whatsapp.command('members', asked);
  };
  const thirdSays = async (field: Field, words: string) => {
    const text = field.town.canaries.text(words);
    const id = await field.town.whatsapp.write(third.id, place().group, text);
    return { id, event: await inRoom(field, place().room, words, (event) => bodyOf(event) === text) };
  };
  const named = ({ town }: Field, name: string): string =>
    town.canaries.secret('the name of a group', `${name} Sternwarte`);
  const callOf = async (field: Field): Promise<string> => `"${(await onWhatsApp(field)).subject}"`;

  return {
    'a group is made': {
      toMatrix: async ({ town, person, contact, self }) => {
        const name = town.canaries.secret('the name of a group', 'Lesekreis Sternwarte');
        const { id: group } = await town.whatsapp.createGroup(contact.id, name, [self.id]);
        const text = town.canaries.text('the first word');
        await town.whatsapp.write(contact.id, group, text);
        made = { group, room: await person.roomOf(text), third, ghost: '' };
      },
      toNetwork: async (field) => {
        const { town, person, management, self } = field;
        const name = named(field, 'Chor');
        await management.ask(`create-group "${name}" +${third.phone}`, /opening the conversation/);
        await person.until('the group there', async () => {
          const [group] = (await town.whatsapp.command('groups', {})).filter(({ subject }) => subject === name);
          return group !== undefined && self.id in group.members && third.id in group.members;
        });
      },
    },
    'its name': {
      toMatrix: async (field) => {
        const subject = named(field, 'Leserunde');
        await change(field, { subject });
        await untilState(field, 'm.room.name', ({ name }) => name === subject);
      },
      toNetwork: async (field) => {
        const name = named(field, 'Buchklub');
        await set(field, 'm.room.name', { name });
        await until(field, 'the name there', ({ subject }) => subject === name);
      },
    },
    'its description': {
      toMatrix: async (field) => {
        const description = field.town.canaries.text('what we read');
        await change(field, { description });
        await untilState(field, 'm.room.topic', ({ topic }) => topic === description);
      },
      toNetwork: async (field) => {
        const topic = field.town.canaries.text('what we shall read');
        await set(field, 'm.room.topic', { topic });
        await until(field, 'the description there', ({ description }) => description === topic);
      },
    },
    'its picture': {
      toMatrix: async (field) => {
        await change(field, { picture: true });
        await untilState(field, 'm.room.avatar', ({ url }) => typeof url === 'string');
      },
      toNetwork: async (field) => {
        const { pictureId: before } = await onWhatsApp(field);
        const options = { type: 'image/jpeg', includeFilename: false };
        const { content_uri: url } = await field.person.client.uploadContent(labelledJpeg('of ours'), options);
        await set(field, 'm.room.avatar', { url });
        await until(field, 'the picture there', ({ pictureId }) => pictureId !== null && pictureId !== before);
      },
    },
    'somebody is brought in': {
      toMatrix: async (field) => {
        await members(field, 'add');
        place().ghost = (await thirdSays(field, 'here I am')).event.sender;
        await untilMember(field, 'join');
      },
      toNetwork: async (field) => {
        await members(field, 'remove');
        await untilMember(field, 'leave');
        await field.person.client.invite(place().room, place().ghost);
        await until(field, 'her in it', ({ members: all }) => third.id in all);
        await untilMember(field, 'join');
      },
    },
    'somebody becomes an admin': {
      toMatrix: async (field) => {
        await members(field, 'promote', field.self);
        await untilLevel(field, field.person.id, 60);
      },
      toNetwork: async (field) => {
        await level(field, ({ users }) => ({ users: { ...users, [place().ghost]: 50 } }));
        await until(field, 'her rights', ({ members: all }) => all[third.id] === 'admin');
      },
    },
    'somebody is an admin no more': {
      toMatrix: async (field) => {
        await members(field, 'demote');
        await untilLevel(field, place().ghost, undefined);
      },
      toNetwork: async (field) => {
        await members(field, 'promote');
        await untilLevel(field, place().ghost, 50);
        await level(field, ({ users }) => ({
          users: Object.fromEntries(Object.entries(users ?? {}).filter(([user]) => user !== place().ghost)),
        }));
        await until(field, 'no rights', ({ members: all }) => all[third.id] === 'member');
      },
    },
    'only admins write': {
      toMatrix: async (field) => {
        for (const announce of [true, false]) {
          await change(field, { announce });
          await untilState(field, 'm.room.power_levels', ({ events_default: now }) => now === (announce ? 50 : 0));
        }
      },
      toNetwork: async (field) => {
        for (const is of [true, false]) {
          await level(field, () => ({ events_default: is ? 50 : 0 }));
          await until(field, 'the mode', ({ announce }) => announce === is);
        }
      },
    },
    'only admins change it': {
      toMatrix: async (field) => {
        for (const locked of [true, false]) {
          await change(field, { locked });
          const wanted = locked ? 50 : 0;
          await untilState(
            field,
            'm.room.power_levels',
            ({ events }) => (events as Levels | undefined)?.['m.room.name'] === wanted,
          );
        }
      },
      toNetwork: async (field) => {
        for (const is of [true, false]) {
          await level(field, ({ events }) => ({ events: { ...(events as object), 'm.room.name': is ? 50 : 0 } }));
          await until(field, 'the mode', ({ locked }) => locked === is);
        }
      },
    },
    'only admins bring people in': {
      toMatrix: async (field) => {
        for (const anyoneAdds of [false, true]) {
          await change(field, { anyoneAdds });
          await untilState(field, 'm.room.power_levels', ({ invite }) => invite === (anyoneAdds ? 0 : 50));
        }
      },
      toNetwork: async (field) => {
        for (const is of [false, true]) {
          await level(field, () => ({ invite: is ? 0 : 50 }));
          await until(field, 'the mode', ({ anyoneAdds }) => anyoneAdds === is);
        }
      },
    },
    'a timer for the group': {
      toMatrix: async (field) => {
        const { person } = field;
        const before = notices(await person.history(place().room), 'disappear');
        await change(field, { ephemeral: 86_400 });
        await person.until('the notice', async () => notices(await person.history(place().room), 'disappear') > before);
        return 'notice';
      },
      toNetwork: async (field) => {
        await field.person.say(place().room, '!disappear 7d');
        await until(field, 'the timer', ({ ephemeral }) => ephemeral === 7 * 86_400);
      },
    },
    'an admin deletes what somebody else wrote': {
      toMatrix: async (field) => {
        const { id, event } = await thirdSays(field, 'a slip');
        await field.town.whatsapp.remove(field.contact.id, place().group, id);
        const isIt = (one: { event_id: string; unsigned?: Readonly<Record<string, unknown>> }): boolean =>
          one.event_id === event.event_id && one.unsigned?.['redacted_because'] !== undefined;
        await inRoom(field, place().room, 'the deletion', isIt);
      },
      toNetwork: async (field) => {
        const { town, person, contact } = field;
        const { id, event } = await thirdSays(field, 'another slip');
        await person.takeBack(place().room, event.event_id);
        const log = async () => await town.whatsapp.messages(contact.id, place().group);
        await person.until('the deletion', async () =>
          (await log()).some(({ kind, target }) => kind === 'revoke' && target === id),
        );
      },
    },
    'somebody is sent out': {
      toMatrix: async (field) => {
        await members(field, 'remove');
        await untilMember(field, 'leave');
      },
      toNetwork: async (field) => {
        await members(field, 'add');
        await untilMember(field, 'join');
        await field.person.client.kick(place().room, place().ghost);
        await until(field, 'her gone', ({ members: all }) => !(third.id in all));
      },
    },
    'its link, and coming in by one': {
      toMatrix: async (field) => {
        const shown = await field.management.ask(
          `invite-link ${await callOf(field)}`,
          /https:\/\/chat\.whatsapp\.com\/\S+/,
        );
        const [, code = ''] = /chat\.whatsapp\.com\/([\w-]+)/.exec(shown) ?? [];
        await field.town.whatsapp.command('joinGroup', { by: third.id, code });
        await untilMember(field, 'join');
      },
      toNetwork: async (field) => {
        const { town, contact, management, self } = field;
        const { id, invite } = await town.whatsapp.createGroup(contact.id, named(field, 'Skat'), []);
        await management.ask(`join-group https://chat.whatsapp.com/${invite}`, /opening the conversation/);
        if (!(self.id in (await onWhatsApp(field, id)).members)) throw new Error('not in it');
      },
    },
    'asking to be let in, and letting in': {
      toMatrix: async (field) => {
        const { town, contact, management, person, self } = field;
        const { id, invite } = await town.whatsapp.createGroup(contact.id, named(field, 'Doppelkopf'), []);
        await town.whatsapp.command('changeGroup', { by: contact.id, group: id, approval: true });
        await management.ask(
          `join-group https://chat.whatsapp.com/${invite}`,
          /has to (let|accept|agree)|agree|let you in/i,
        );
        await town.whatsapp.command('answerRequests', {
          by: contact.id,
          group: id,
          answer: 'approve',
          people: [self.id],
        });
        const text = town.canaries.text('welcome');
        await town.whatsapp.write(contact.id, id, text);
        await person.roomOf(text);
      },
      toNetwork: async (field) => {
        await members(field, 'remove');
        await untilMember(field, 'leave');
        await change(field, { approval: true });
        const { invite } = await onWhatsApp(field);
        await field.town.whatsapp.command('joinGroup', { by: third.id, code: invite });
        const name = await callOf(field);
        await field.management.ask(`join-requests ${name}`, /ask to be let into/);
        await field.management.ask(`accept-request ${name} all`, /Let into .*: 1\./);
        await until(field, 'her in it', ({ members: all }) => third.id in all);
        await untilMember(field, 'join');
      },
    },
    'an invitation by message': {
      toMatrix: async (field) => {
        const { town, contact, self, person, room } = field;
        const { id } = await town.whatsapp.createGroup(contact.id, named(field, 'Boule'), []);
        const before = notices(await person.history(room), 'join-group');
        await town.whatsapp.command('inviteByMessage', { by: contact.id, group: id, to: self.id });
        await person.until('the notice', async () => notices(await person.history(room), 'join-group') > before);
        return 'notice';
      },
      toNetwork: async (field) => {
        const { town, person, self } = field;
        const text = town.canaries.text('we know each other');
        await town.whatsapp.write(third.id, self.id, text);
        await person.roomOf(text);
        await members(field, 'remove');
        await untilMember(field, 'leave');
        await town.whatsapp.command('setPrivacy', { id: third.id, name: 'groupadd', value: 'none' });
        await person.client.invite(place().room, place().ghost);
        await inRoom(field, place().room, 'the word of it', (event) => bodyOf(event).includes('invitation was sent'));
        const log = await town.whatsapp.messages(third.id, self.id);
        const [invitation] = log.flatMap((message) => message.invitation ?? []);
        if (invitation?.group !== place().group) throw new Error('she has no invitation');
        await town.whatsapp.command('acceptInvitation', { by: third.id, from: self.id, ...invitation });
        await untilMember(field, 'join');
      },
    },
    leaving: {
      toMatrix: async (field) => {
        await field.town.whatsapp.command('leaveGroup', { by: third.id, group: place().group });
        await untilMember(field, 'leave');
      },
      toNetwork: async (field) => {
        await field.management.ask(`leave-group ${await callOf(field)}`, /You have left/);
        await until(field, 'us gone', ({ members: all }) => !(field.self.id in all));
      },
    },
  };
}
