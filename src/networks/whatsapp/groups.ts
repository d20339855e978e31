// What a login does to a group: asked of the server, which says for whom it was done. Done again, each changes nothing. Knows no Matrix.
import { BridgeError } from '../../model/errors.ts';
import type { GroupAction } from '../../model/delivery.ts';
import type { EffectId } from '../../model/ids.ts';
import type { ActionReceipt, PerformContext } from '../../ports/network.ts';
import type { Clock } from '../../ports/stores.ts';
import { Adding, type AddingDoors } from './adding.ts';
import type { Directory } from './directory.ts';
import { memberFault, queryFault } from './group-errors.ts';
import type { GroupPictures } from './group-pictures.ts';
import type { Line } from './line.ts';
import { ANYONE_ADDS } from './notifications.ts';
import type { Pacing } from './pacing.ts';

type SetPicture = Extract<GroupAction, { kind: 'set-picture' }>;

export interface GroupDoors extends AddingDoors {
  readonly directory: Directory;
  readonly pictures: Pick<GroupPictures, 'set'>;
  /** Absent only in tests. */
  readonly pacing: Pacing | undefined;
  readonly clock: Clock;
}

/** As long as WhatsApp's own apps let them be. */
const LONGEST_NAME = 100;
const LONGEST_TOPIC = 2048;

const SETTINGS = {
  announce: ['announcement', 'not_announcement'],
  locked: ['locked', 'unlocked'],
} as const;

export class Groups {
  readonly #doors: GroupDoors;
  readonly #adding: Adding;

  constructor(doors: GroupDoors) {
    this.#doors = doors;
    this.#adding = new Adding(doors);
  }

  /** @throws BridgeError */
  async perform(line: Line, action: Exclude<GroupAction, SetPicture>, effect: EffectId): Promise<ActionReceipt> {
    await this.#change(action, async (jid) => await this.#do(line, jid, action, effect));
    return { at: this.#doors.clock.now() };
  }

  /** @throws BridgeError */
  async setPicture(line: Line, action: SetPicture, open: PerformContext['open']): Promise<ActionReceipt> {
    const { pictures, clock } = this.#doors;
    const picture = await this.#change(action, async () => await pictures.set(line, action.chat, action.picture, open));
    return { at: clock.now(), ...(picture === undefined ? {} : { picture }) };
  }

  /** @returns undefined also when it is so already */
  async #change<T>({ chat, kind }: GroupAction, change: (jid: string) => Promise<T>): Promise<T | undefined> {
    const { directory, pacing, clock } = this.#doors;
    // Everybody in the group hears of it, as of a message.
    pacing?.send({ chat, established: true }, clock.now());
    try {
      return await change(directory.chatJid(chat));
    } catch (error) {
      if (error instanceof BridgeError) throw error;
      const fault = queryFault(error, kind, clock.now());
      if (fault !== undefined) throw fault;
      return undefined;
    } finally {
      directory.forget(chat);
    }
  }

  async #do(line: Line, jid: string, action: Exclude<GroupAction, SetPicture>, effect: EffectId): Promise<void> {
    const { socket } = line;
    switch (action.kind) {
      case 'rename':
        if ([...action.name].length > LONGEST_NAME) throw tooLong('whatsapp.group-name-long', LONGEST_NAME);
        await socket.groupUpdateSubject(jid, action.name);
        return;
      case 'set-topic':
        if (action.topic.length > LONGEST_TOPIC) throw tooLong('whatsapp.group-topic-long', LONGEST_TOPIC);
        await socket.groupUpdateDescription(jid, action.topic);
        return;
      case 'set-mode':
        if (action.mode === 'anyoneAdds') await socket.groupMemberAddMode(jid, action.on ? ANYONE_ADDS : 'admin_add');
        else await socket.groupSettingUpdate(jid, SETTINGS[action.mode][action.on ? 0 : 1]);
        return;
      case 'add':
        await this.#adding.add(line, jid, action, effect);
        return;
      case 'set-role':
      case 'expel':
        await this.#move(socket, jid, action);
        return;
      case 'set-timer':
        await socket.groupToggleEphemeral(jid, action.seconds);
        return;
      case 'leave':
        await socket.groupLeave(jid);
    }
  }

  async #move(
    socket: Line['socket'],
    jid: string,
    action: Extract<GroupAction, { kind: 'set-role' | 'expel' }>,
  ): Promise<void> {
    const change = action.kind === 'expel' ? 'remove' : action.role === 'admin' ? 'promote' : 'demote';
    const who = this.#doors.directory.personJid(action.chat, action.person);
    const [done] = await socket.groupParticipantsUpdate(jid, [who], change);
    const fault = memberFault(change, Number(done?.status ?? 200));
    if (fault !== undefined) throw fault;
  }
}

function tooLong(words: 'whatsapp.group-name-long' | 'whatsapp.group-topic-long', count: number): BridgeError {
  return new BridgeError('whatsapp-group-too-long', 'never', words, { values: { network: 'WhatsApp', count } });
}
