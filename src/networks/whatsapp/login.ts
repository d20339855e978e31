// A login as steps: a QR code or a code to type on the phone; no login is kept until the house takes what `done` brings, but from when
// the account is linked a sealed draft tells whoever comes after a death what to undo.
import { BridgeError, FencedError } from '../../model/errors.ts';
import type { PuppetId, UserId } from '../../model/ids.ts';
import { readPhone } from '../../model/phone-number.ts';
import { say, type SayKey } from '../../model/say.ts';
import type { LoginFlow, LoginProcess, LoginStep, NewLogin } from '../../ports/login.ts';
import { draftScope, vaultScope } from '../../ports/network.ts';
import type { Clock, Logger, VaultChange } from '../../ports/stores.ts';
import type { Cures } from './cures.ts';
import { endingOf, isAway, partingOf } from './errors.ts';
import { phoneFact } from './facts.ts';
import { puppetId, WHATSAPP } from './ids.ts';
import { handlesOf } from './jid.ts';
import { openSocket, selfOf, type OpenedSocket } from './library.ts';
import { Pacing, PACING_KEY } from './pacing.ts';
import type { PeopleDesk } from './people-desk.ts';
import { contactAt } from './phone-watch.ts';
import type { WhatsAppSettings } from './settings.ts';
import { DraftLedger, placed } from './state/ledger.ts';
import { AccountState } from './state/state.ts';
import { undoLink } from './undo.ts';

export const loginFlows: readonly LoginFlow[] = [
  { id: 'qr', title: say('whatsapp.flow-qr') },
  { id: 'code', title: say('whatsapp.flow-code') },
];

export interface LoginDoors {
  readonly owner: UserId;
  readonly flow: string;
  readonly settings: WhatsAppSettings;
  readonly people: PeopleDesk;
  readonly cures: Cures;
  readonly clock: Clock;
  readonly log: Logger;
  readonly openMs: number;
  /** How long each code lives, when that is not for WhatsApp to say. */
  readonly qrMs?: number;
  /** Takes one of today's links. @returns false when there is none left */
  readonly spend: () => Promise<boolean>;
  /** Writes the draft down. @throws FencedError */
  readonly keep: (changes: readonly VaultChange[]) => Promise<void>;
  /** What the login of a puppet has under PACING_KEY, from when its account was linked before. */
  readonly spent: (puppet: PuppetId) => Promise<Uint8Array | undefined>;
  /** Nothing is open any more. */
  readonly closed: (login: LoginProcess) => void;
}

type Happening = { readonly kind: 'qr'; readonly data: string } | { readonly kind: 'ended'; readonly why: unknown };

const FIRST_QR_MS = 60_000;
const NEXT_QR_MS = 20_000;
const CODE_MS = 160_000;
const MOST_TRIES = 5;

export class WhatsAppLogin implements LoginProcess {
  readonly steps: AsyncIterable<LoginStep>;
  readonly #doors: LoginDoors;
  readonly #ledger: DraftLedger;
  readonly #ended = new AbortController();
  #state: AccountState | undefined;
  #opened: OpenedSocket | undefined;
  #done = false;
  #loggedOut = false;
  #ending: Promise<void> | undefined;
  #answers: Readonly<Record<string, string>>[] = [];
  #happenings: Happening[] = [];
  #tell: () => void = () => undefined;

  constructor(doors: LoginDoors) {
    this.#doors = doors;
    const scope = draftScope(WHATSAPP, doors.owner);
    this.#ledger = new DraftLedger({
      linked: () => this.#linked,
      keep: async (changes) => await doors.keep(placed(scope, changes)),
    });
    this.steps = this.#run();
  }

  answer(fields: Readonly<Record<string, string>>): void {
    this.#answers.push(fields);
    this.#tell();
  }

  async cancel(): Promise<void> {
    await this.#end(!this.#done);
  }

  async abandon(): Promise<void> {
    await this.#end(true);
  }

  async #end(logOut: boolean): Promise<void> {
    this.#ended.abort();
    this.#tell();
    this.#ending ??= this.#close();
    await this.#ending;
    if (logOut && this.#linked && !this.#loggedOut) {
      this.#loggedOut = true;
      // The house does not keep it: the account must not stay linked.
      await undoLink(this.#doors, this.#ledger);
    }
    try {
      await this.#ledger.forget();
    } catch (error) {
      // Whoever has the attempt now ends it.
      if (!(error instanceof FencedError)) throw error;
    }
    this.#doors.closed(this);
  }

  get #linked(): boolean {
    return this.#state?.creds.account !== undefined;
  }

  async #close(): Promise<void> {
    await this.#opened?.close();
    await this.#state?.close();
  }

  async *#run(): AsyncGenerator<LoginStep> {
    try {
      const phone = this.#doors.flow === 'code' ? yield* this.#askPhone() : undefined;
      yield { kind: 'wait', say: say('whatsapp.wait') };
      this.#ended.signal.throwIfAborted();
      if (!(await this.#doors.spend())) throw refusal('too-many-links', 'whatsapp.too-many-links');
      await this.#open();
      yield* this.#untilLinked(phone);
      const login = await this.#finish();
      this.#ended.signal.throwIfAborted();
      this.#done = true;
      yield { kind: 'done', login };
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      const error_ = this.#judged(error);
      await this.#end(true);
      yield { kind: 'failed', error: error_ };
    }
  }

  async *#askPhone(): AsyncGenerator<LoginStep, string> {
    let words: SayKey = 'whatsapp.ask-phone';
    for (let attempt = 1; ; attempt += 1) {
      yield { kind: 'ask', say: say(words), fields: [{ name: 'phone', label: say('whatsapp.phone'), secret: false }] };
      while (this.#answers.length === 0) await this.#news();
      const phone = readPhone(this.#answers.shift()?.['phone'] ?? '');
      if (phone.kind === 'number') return phone.digits;
      words = phone.kind === 'no-number' ? 'whatsapp.phone-invalid' : 'network.no-country-code';
      if (attempt === MOST_TRIES) throw refusal('phone-invalid', words);
    }
  }

  async #open(): Promise<void> {
    const { settings, clock, log, cures, qrMs } = this.#doors;
    const broken = (why: unknown): void => this.#happen({ kind: 'ended', why });
    this.#state = await AccountState.begin({ ledger: this.#ledger, clock, log, cures, broken });
    this.#ended.signal.throwIfAborted();
    this.#opened = openSocket({ settings, state: this.#state, cures, ...(qrMs === undefined ? {} : { qrMs }) });
    this.#opened.socket.ev.on('connection.update', ({ qr, connection, lastDisconnect }) => {
      if (qr !== undefined) this.#happen({ kind: 'qr', data: qr });
      if (connection === 'close') this.#happen({ kind: 'ended', why: lastDisconnect?.error });
    });
  }

  /** Shows what the phone needs until the account is linked and the server has asked for a new connection. */
  async *#untilLinked(phone: string | undefined): AsyncGenerator<LoginStep> {
    const { clock } = this.#doors;
    for (let shown = 0; ;) {
      while (this.#happenings.length === 0) await this.#news();
      const now = this.#happenings.shift();
      if (now === undefined) continue;
      if (now.kind === 'ended') {
        if (this.#linked) return;
        const timedOut = endingOf(now.why).status === 408 && shown > 0;
        throw timedOut ? refusal('not-linked', 'whatsapp.not-linked') : now.why;
      }
      shown += 1;
      if (phone === undefined) {
        const until = clock.now() + (shown === 1 ? FIRST_QR_MS : NEXT_QR_MS);
        yield { kind: 'show', form: 'qr', data: now.data, until, say: say('whatsapp.show-qr') };
      } else if (shown === 1) {
        const code = await this.#opened?.socket.requestPairingCode(phone);
        if (code === undefined) throw refusal('not-linked', 'whatsapp.not-linked');
        const data = `${code.slice(0, 4)}-${code.slice(4)}`;
        yield { kind: 'show', form: 'code', data, until: clock.now() + CODE_MS, say: say('whatsapp.show-code') };
      }
    }
  }

  async #finish(): Promise<NewLogin> {
    const { owner, people, clock } = this.#doors;
    const state = this.#state;
    const self = state === undefined ? undefined : selfOf(state.creds);
    const handles = handlesOf(self?.id, self?.lid);
    if (state === undefined || handles === undefined) throw refusal('not-linked', 'whatsapp.not-linked');
    // Nothing of the past is fetched: the first connection need not wait for it.
    state.creds.accountSyncCounter = 1;
    await state.saveCreds();
    this.#ending ??= this.#close();
    await this.#ending;
    const person = (await people.book()).person(handles, clock.now());
    const puppet = puppetId(owner, person);
    const scope = vaultScope(puppet);
    const now = clock.now();
    const pacing = await this.#pacing(puppet, now);
    const number = handles.pn === undefined ? [] : [phoneFact(handles.pn)];
    return {
      puppet,
      self: person,
      name: handles.pn === undefined ? person : `+${handles.pn}`,
      facts: [...number, `user:${person}`],
      vault: [
        ...this.#ledger.changes(scope),
        { scope, key: PACING_KEY, value: pacing.pack(now) },
        contactAt(scope, now),
      ],
    };
  }

  /** With what was spent of the day. @throws FencedError, what a database that is away says */
  async #pacing(puppet: PuppetId, now: number): Promise<Pacing> {
    const { settings, spent, log } = this.#doors;
    try {
      const kept = await spent(puppet);
      return new Pacing(settings.pacing, now, new Map(kept === undefined ? [] : [[PACING_KEY, kept]])).free();
    } catch (error) {
      if (isAway(error)) throw error;
      // Linking anew is the way out of a login that cannot be read: that must not fail for the same reason.
      log.error({ puppet, network: WHATSAPP, error }, 'what a login had spent cannot be read, and begins anew');
      return new Pacing(settings.pacing, now);
    }
  }

  #judged(error: unknown): BridgeError {
    return error instanceof BridgeError ? error : partingOf(endingOf(error), this.#doors.clock.now()).error;
  }

  #happen(happening: Happening): void {
    this.#happenings.push(happening);
    this.#tell();
  }

  async #news(): Promise<void> {
    this.#ended.signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      this.#tell = resolve;
    });
    this.#ended.signal.throwIfAborted();
  }
}

function refusal(code: string, words: SayKey): BridgeError {
  return new BridgeError(`whatsapp-${code}`, 'never', words, { values: { network: 'WhatsApp', login: 'whatsapp' } });
}
