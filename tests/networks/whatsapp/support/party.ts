// Somebody who talks with the library's Signal repository over our state, as the library's socket would make them: relaying within
// a transaction, reading one message after the other, receipts after the plaintext. The wire is a post office in memory.
import {
  Curve,
  decryptMessageNode,
  encodeWAMessage,
  generateRegistrationId,
  generateSignalPubKey,
  getNextPreKeys,
  proto,
  type AuthenticationCreds,
  type BinaryNode,
  type SignalKeyStoreWithTransaction,
  type SignalRepositoryWithLIDStore,
} from '@whiskeysockets/baileys';
import { randomBytes } from 'node:crypto';
import { sign } from '../../../../sandbox/whatsapp/curve.ts';
import { allCures, type Cures } from '../../../../src/networks/whatsapp/cures.ts';
import type { Ledger } from '../../../../src/networks/whatsapp/state/ledger.ts';
import { Gate, type FrameSent } from '../../../../src/networks/whatsapp/state/gate.ts';
import { withTransactions } from '../../../../src/networks/whatsapp/state/repository.ts';
import { AccountState, type StateDoors } from '../../../../src/networks/whatsapp/state/state.ts';
import { KeyedTurns } from '../../../../src/model/keyed-turns.ts';
import { CREDS_KEY, packCreds } from '../../../../src/networks/whatsapp/state/values.ts';
import type { Clock } from '../../../../src/ports/stores.ts';
import { MemoryClock } from '../../../support/memory-clock.ts';
import { quiet } from '../../../support/quiet.ts';
import type { Post } from './post.ts';
import { silent } from './silent.ts';

export interface PartyDoors {
  readonly number: number;
  readonly ledger: Ledger;
  readonly post: Post;
  readonly cures?: Partial<Cures>;
  readonly clock?: Clock;
  /** A question to the server, within a transaction. */
  readonly ask?: () => Promise<void>;
  /** False when the process is dead: nothing of it reaches anybody. */
  readonly alive?: () => boolean;
  readonly broken?: (why: unknown) => void;
  /** Frames wait at a gate, as a socket's do, and nobody else waits for the disk. */
  readonly gated?: boolean;
}

export class Party {
  readonly jid: string;
  readonly state: AccountState;
  readonly keys: SignalKeyStoreWithTransaction;
  readonly repository: SignalRepositoryWithLIDStore;
  /** Texts by message id, in the order in which they were read; without the journal's help. */
  readonly heard: { id: string; text: string }[] = [];
  /** Ids of messages that could not be read, with the reason. */
  readonly unread: { id: string; why: string }[] = [];
  readonly #doors: PartyDoors;
  readonly #turns = new KeyedTurns();
  readonly #members = new Set<string>();
  readonly #frames = new Map<string, () => void>();
  readonly #gate: Gate | undefined;

  private constructor(doors: PartyDoors, state: AccountState) {
    this.#doors = doors;
    this.jid = jidOf(doors.number);
    this.state = state;
    this.keys = withTransactions(state.keys, silent);
    const gate = new Gate({ send: (frame, sent) => this.#leave(String(frame), sent) });
    this.#gate = doors.gated === true ? gate : undefined;
    const make =
      this.#gate === undefined
        ? state.makeSignalRepository
        : state.repositoryBehind((kept) => {
            gate.hold(kept);
            return true;
          });
    this.repository = make({ creds: state.creds, keys: this.keys }, silent);
  }

  /** Opens what the ledger holds, or begins anew. */
  static async open(doors: PartyDoors): Promise<Party> {
    const of: StateDoors = {
      ledger: doors.ledger,
      clock: doors.clock ?? new MemoryClock(),
      log: quiet,
      cures: { ...allCures, ...doors.cures },
      broken: doors.broken ?? (() => undefined),
    };
    if ((await doors.ledger.read(CREDS_KEY)) === undefined) {
      await doors.ledger.write([{ key: CREDS_KEY, value: packCreds(quickCreds()) }]);
    }
    const state = await AccountState.open(of);
    if (state === undefined) throw new Error('no credentials');
    const party = new Party(doors, state);
    state.creds.me ??= { id: `${doors.number}@s.whatsapp.net`, lid: party.jid };
    return party;
  }

  /** As the library's uploadPreKeys. */
  async uploadPreKeys(count: number): Promise<void> {
    const { post } = this.#doors;
    const fresh = await this.keys.transaction(async () => {
      const { update, preKeys } = await getNextPreKeys({ creds: this.state.creds, keys: this.keys }, count);
      this.#update(update);
      return preKeys;
    }, 'upload-pre-keys');
    if (this.#alive())
      post.upload(
        this.jid,
        Object.entries(fresh).map(([id, pair]) => prekeyOf(id, pair.public)),
      );
  }

  /** As the library's sendRetryRequest: the key is on its way before the transaction ends. */
  async askAgain(): Promise<void> {
    await this.keys.transaction(async () => {
      const { update, preKeys } = await getNextPreKeys({ creds: this.state.creds, keys: this.keys }, 1);
      this.#update(update);
      await this.#ask();
      const [first] = Object.entries(preKeys);
      if (first !== undefined && this.#alive())
        this.#doors.post.upload(this.jid, [prekeyOf(first[0], first[1].public)]);
    }, this.jid);
  }

  /** As the library's relayMessage: all of it is one transaction, the stanza leaves before its commit. */
  async send(to: Party, id: string, text: string): Promise<void> {
    await this.keys.transaction(async () => {
      await this.#assertSession(to);
      const { type, ciphertext } = await this.repository.encryptMessage({
        jid: to.jid,
        data: encodeWAMessage({ conversation: text }),
      });
      await this.#ask();
      this.#deliver(to, id, { from: this.jid }, [enc(type, ciphertext)]);
    }, this.jid);
  }

  /** To a group of two: the sender key goes along with the first message. */
  async sendToGroup(group: string, to: Party, id: string, text: string): Promise<void> {
    await this.keys.transaction(async () => {
      const sent = await this.repository.encryptGroupMessage({
        group,
        meId: this.jid,
        data: encodeWAMessage({ conversation: text }),
      });
      const content: BinaryNode[] = [];
      if (!this.#members.has(`${group}/${to.jid}`)) {
        await this.#assertSession(to);
        const axolotlSenderKeyDistributionMessage = sent.senderKeyDistributionMessage;
        const { type, ciphertext } = await this.repository.encryptMessage({
          jid: to.jid,
          data: encodeWAMessage({
            senderKeyDistributionMessage: { groupId: group, axolotlSenderKeyDistributionMessage },
          }),
        });
        content.push(enc(type, ciphertext));
      }
      content.push(enc('skmsg', sent.ciphertext));
      await this.#ask();
      this.#deliver(to, id, { from: group, participant: this.jid }, content);
    }, this.jid);
    this.#members.add(`${group}/${to.jid}`);
  }

  /** As the library's handleMessage, up to its receipt. */
  async receive(node: BinaryNode): Promise<void> {
    const kept = this.state.journal.heard(node);
    if (this.#gate === undefined) await kept;
    else if (kept !== undefined) this.#gate.hold(kept);
    const { me } = this.state.creds;
    const reading = decryptMessageNode(node, me?.id ?? '', me?.lid ?? '', this.repository, silent);
    const { fullMessage } = reading;
    await this.#turns.run('messages', async () => {
      await reading.decrypt();
      if (!this.#alive()) return;
      const id = fullMessage.key.id ?? '';
      const why = fullMessage.messageStubParameters?.[0];
      if (why !== undefined && why !== null) this.unread.push({ id, why });
      else if (fullMessage.message !== null && fullMessage.message !== undefined) {
        const { conversation } = fullMessage.message;
        if (conversation !== '' && conversation !== null && conversation !== undefined) {
          this.heard.push({ id, text: conversation });
        }
      }
      this.#frame(() => {
        if (this.#alive()) this.#doors.post.receipt(this.jid, id);
      });
    });
  }

  /** Every frame has left that was made until now. */
  async left(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#frame(resolve);
    });
  }

  /** What a new connection brings, one after the other. */
  async catchUp(): Promise<void> {
    for (const node of this.#doors.post.waiting(this.jid)) await this.receive(node);
  }

  bundle(): Parameters<SignalRepositoryWithLIDStore['injectE2ESession']>[0]['session'] {
    const { registrationId, signedIdentityKey, signedPreKey } = this.state.creds;
    const preKey = this.#doors.post.takePreKey(this.jid);
    return {
      registrationId,
      identityKey: generateSignalPubKey(signedIdentityKey.public),
      signedPreKey: {
        keyId: signedPreKey.keyId,
        publicKey: generateSignalPubKey(signedPreKey.keyPair.public),
        signature: signedPreKey.signature,
      },
      ...(preKey === undefined
        ? {}
        : { preKey: { keyId: preKey.keyId, publicKey: generateSignalPubKey(preKey.publicKey) } }),
    };
  }

  async close(): Promise<void> {
    this.repository.close?.();
    await this.state.close();
  }

  async #assertSession(to: Party): Promise<void> {
    if ((await this.repository.validateSession(to.jid)).exists) return;
    await this.#ask();
    await this.repository.injectE2ESession({ jid: to.jid, session: to.bundle() });
  }

  #deliver(to: Party, id: string, attrs: Record<string, string>, content: BinaryNode[]): void {
    this.#frame(() => {
      const node = { tag: 'message', attrs: { ...attrs, id, t: '1767225600' }, content };
      if (this.#alive()) this.#doors.post.deliver(to.jid, node);
    });
  }

  #frame(leave: () => void): void {
    if (this.#gate === undefined) {
      leave();
      return;
    }
    const name = `${this.#frames.size}`;
    this.#frames.set(name, leave);
    this.#gate.send(name);
  }

  #leave(name: string, sent: FrameSent): void {
    this.#frames.get(name)?.();
    sent();
  }

  /** As the library does with `creds.update`, its listener included. */
  #update(update: Partial<AccountState['creds']>): void {
    Object.assign(this.state.creds, update);
    // Whoever made the state is told when nothing can be written.
    this.state.saveCreds().catch(() => undefined);
  }

  #alive(): boolean {
    return this.#doors.alive?.() ?? true;
  }

  async #ask(): Promise<void> {
    await this.#doors.ask?.();
  }
}

/** As the library makes them, but for who signs: it takes a quarter of a second for that. */
function quickCreds(): AuthenticationCreds {
  const [signedIdentityKey, keyPair] = [Curve.generateKeyPair(), Curve.generateKeyPair()];
  const signature = sign(signedIdentityKey.private, generateSignalPubKey(keyPair.public));
  return {
    noiseKey: Curve.generateKeyPair(),
    pairingEphemeralKeyPair: Curve.generateKeyPair(),
    signedIdentityKey,
    signedPreKey: { keyPair, keyId: 1, signature },
    registrationId: generateRegistrationId(),
    advSecretKey: randomBytes(32).toString('base64'),
    processedHistoryMessages: [],
    nextPreKeyId: 1,
    firstUnuploadedPreKeyId: 1,
    accountSyncCounter: 0,
    accountSettings: { unarchiveChats: false },
    registered: false,
    pairingCode: undefined,
    lastPropHash: undefined,
    routingInfo: undefined,
  };
}

export function jidOf(number: number): string {
  return `${number}@lid`;
}

function prekeyOf(id: string, publicKey: Uint8Array): { keyId: number; publicKey: Uint8Array } {
  return { keyId: Number(id), publicKey };
}

function enc(type: string, content: Uint8Array): BinaryNode {
  return { tag: 'enc', attrs: { v: '2', type }, content: Buffer.from(content) };
}

/** The text of a message that was read again from its row. */
export function textOf(message: proto.IMessage | null | undefined): string {
  return message?.conversation ?? '';
}
