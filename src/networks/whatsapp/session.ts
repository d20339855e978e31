// One login as the house asks things of it: what is to be done, who and what there is; each over the line that is open now. Knows no
// Matrix, and not how the line is kept.
import type { PersonSnapshot } from '../../model/chat.ts';
import type { EphemeralAction, NetworkAction } from '../../model/delivery.ts';
import { BridgeError } from '../../model/errors.ts';
import { as, type ChatId, type EffectId, type PersonId } from '../../model/ids.ts';
import { KeyedTurns } from '../../model/keyed-turns.ts';
import type { MediaSource } from '../../model/message.ts';
import type { GroupAnswer, GroupAsk } from '../../ports/group.ts';
import type {
  ActionReceipt,
  EphemeralContext,
  MediaStream,
  NetworkSession,
  PerformContext,
  ResolvedChat,
} from '../../ports/network.ts';
import { vaultScope } from '../../ports/network.ts';
import type { Account } from './account.ts';
import { isRestriction } from './errors.ts';
import { learnLimit } from './learn-limit.ts';
import { LineKeeper, type KeeperDoors } from './line-keeper.ts';
import type { Line } from './line.ts';
import { lookUp } from './look-up.ts';
import { noAnswer } from './no-answer.ts';
import { passOn } from './passing-on.ts';
import { hasTraffic } from './traffic.ts';
import { unlink } from './unlink.ts';

export interface SessionDoors extends KeeperDoors {
  /** Nothing is open any more. */
  readonly closed: (session: NetworkSession) => void;
}

export class WhatsAppSession implements NetworkSession {
  readonly #doors: SessionDoors;
  readonly #scope: string;
  readonly #turns = new KeyedTurns();
  readonly #keeper: LineKeeper;

  constructor(doors: SessionDoors) {
    this.#doors = doors;
    this.#scope = vaultScope(doors.puppet.id);
    this.#keeper = new LineKeeper(doors);
  }

  async connect(asked?: 'asked'): Promise<void> {
    await this.#keeper.connect(asked);
  }

  async disconnect(): Promise<void> {
    try {
      await this.#keeper.close();
    } finally {
      this.#doors.closed(this);
    }
  }

  async logout(): Promise<void> {
    try {
      if (!this.#keeper.hasLine) await this.#keeper.connect('asked');
      const line = this.#keeper.live();
      this.#keeper.letGo();
      await unlink(line);
    } catch (error) {
      if (!(error instanceof BridgeError && error.retry === 'after-login')) throw error;
    }
    await this.disconnect();
  }

  async perform(action: NetworkAction, id: EffectId, context: PerformContext): Promise<ActionReceipt> {
    return await this.#turns.run(action.chat, async () => {
      const line = this.#keeper.live();
      const { perform, standing } = await this.#keeper.account();
      try {
        const receipt = await perform(line, action, id, context);
        if (action.kind === 'send') await this.#used(action.chat);
        return receipt;
      } catch (error) {
        if (isRestriction(error)) await learnLimit(line, standing, this.#doors.log, this.#doors.puppet.id);
        throw error;
      }
    });
  }

  /** What cannot be asked now is asked with the next thing done there. */
  async #used(chat: ChatId): Promise<void> {
    try {
      await (await this.#keeper.account()).watching.used(this.#keeper.live(), chat);
    } catch (error) {
      // Who is online is worth no failed message.
      this.#doors.log.debug({ puppet: this.#doors.puppet.id, error }, 'not asked who is online');
    }
  }

  async performEphemeral(action: EphemeralAction, house?: EphemeralContext): Promise<void> {
    await this.#used(action.chat);
    try {
      await passOn(this.#keeper.live(), await this.#keeper.account(), this.#doors.puppet.self, action, house);
    } catch (error) {
      this.#doors.log.debug({ puppet: this.#doors.puppet.id, kind: action.kind, error }, 'passing news not passed on');
    }
  }

  async describeChat(chat: ChatId): Promise<ResolvedChat> {
    return await this.#ask(
      async (line, { directory, pictures }) => await pictures.beside(line, await directory.describeChat(line, chat)),
    );
  }

  async describePerson(person: PersonId): Promise<PersonSnapshot> {
    return await (await this.#keeper.account()).pictures.person(person);
  }

  async resolve(identifier: string): Promise<ResolvedChat> {
    const doors = { ...this.#doors, scope: this.#scope };
    return await this.#ask(async (line, account) => await lookUp(line, account, doors, identifier));
  }

  async contacts(): Promise<ReturnType<Account['contacts']['lines']>> {
    return (await this.#keeper.account()).contacts.lines();
  }

  async askGroup(ask: GroupAsk, id: EffectId): Promise<GroupAnswer> {
    return await this.#ask(async (line, { desk }) => await desk.ask(line, ask, id));
  }

  directChat(person: PersonId): ChatId {
    return as<ChatId>(person);
  }

  async hasTraffic(chat: ChatId): Promise<boolean> {
    return hasTraffic(await this.#keeper.account(), chat);
  }

  async openMedia(source: MediaSource): Promise<MediaStream> {
    return await this.#ask(async (line, { pictures }) => await pictures.open(line, source));
  }

  async #ask<T>(question: (line: Line, account: Account) => Promise<T>): Promise<T> {
    const line = this.#keeper.live();
    try {
      return await question(line, await this.#keeper.account());
    } catch (error) {
      if (error instanceof BridgeError) throw error;
      throw noAnswer(error);
    }
  }
}
