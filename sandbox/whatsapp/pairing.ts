// Clients that are not linked yet: what their screen offers (a QR, a code), what a phone makes of it, and the signatures that
// have to be right in both directions before a device exists. After that they are told to come again (515).

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { checkAnswer, sealIdentity, signCompanion } from './adv.ts';
import { generateKeyPair, verify } from './curve.ts';
import { openFinish, openHello, WrongCode, type PhoneHalf } from './pairing-code.ts';
import { bytesOf, numberOf, wordsOf } from './read-node.ts';
import type { WhatsAppServer } from './server.ts';
import type { WireConnection, WireEars } from './wire/connection.ts';
import { child, node, type BinaryNode } from './wire/node.ts';
import { Device, type SignedPreKey } from './world/device.ts';
import { MAX_COMPANIONS, type Person } from './world/person.ts';

const REFS = 6;
const SERVICE = '@s.whatsapp.net';
const CODE_LIFE_MS = 180_000;
/** How long a client may take to close its stream after the last word, before the service does. */
const FAREWELL_MS = 3_000;

/** What may go wrong: a stranger signed in the phone's name, or sealed with a strange secret. */
export type PairingSpoil = 'account-signature' | 'hmac';

interface Waiting {
  readonly id: string;
  readonly person: Person;
  readonly signed: Uint8Array;
  readonly device: number;
  readonly keyIndex: number;
  done(device: Device): void;
  failed(error: Error): void;
}

interface CodeOffer {
  readonly ref: string;
  readonly phone: string;
  readonly wrapped: Uint8Array;
  readonly until: number;
  half: { readonly person: Person; readonly phone: PhoneHalf } | null;
  done: (device: Device) => void;
  failed: (error: Error) => void;
}

class Candidate {
  readonly connection: WireConnection;
  readonly identity: Uint8Array;
  readonly registration: number;
  readonly signed: SignedPreKey;
  readonly refs: readonly string[];
  waiting: Waiting | null = null;
  offer: CodeOffer | null = null;

  constructor(connection: WireConnection) {
    const data = connection.payload.devicePairingData;
    this.connection = connection;
    this.identity = data?.eIdent ?? new Uint8Array(0);
    this.registration = numberOf(data?.eRegid ?? new Uint8Array(0));
    this.signed = {
      id: numberOf(data?.eSkeyId ?? new Uint8Array(0)),
      publicKey: data?.eSkeyVal ?? new Uint8Array(0),
      signature: data?.eSkeySig ?? new Uint8Array(0),
    };
    this.refs = Array.from({ length: REFS }, () => `2@${randomBytes(64).toString('base64')}`);
  }

  /** Is what it registers with signed by itself. */
  get genuine(): boolean {
    const { publicKey, signature } = this.signed;
    return this.identity.length === 32 && verify(this.identity, Buffer.concat([Buffer.of(5), publicKey]), signature);
  }
}

export class Pairing {
  readonly #server: WhatsAppServer;
  readonly #candidates = new Set<Candidate>();
  /** Linked clients are not told to come again. */
  silent = false;

  constructor(server: WhatsAppServer) {
    this.#server = server;
  }

  /** A client without an account is there. */
  greet(connection: WireConnection): WireEars {
    const server = this.#server;
    const candidate = new Candidate(connection);
    const ears: WireEars = {
      heard: (stanza) => server.guard(() => this.#heard(candidate, stanza)),
      gone: () => {
        this.#candidates.delete(candidate);
        const error = new Error('the client has gone');
        candidate.waiting?.failed(error);
        candidate.offer?.failed(error);
        server.world.version.touch();
      },
    };
    if (!candidate.genuine) {
      connection.send(node('failure', { reason: '400', location: 'sandbox' }));
      connection.close();
      return ears;
    }
    this.#candidates.add(candidate);
    const refs = candidate.refs.map((ref) => node('ref', {}, Buffer.from(ref, 'utf8')));
    const attrs = { from: SERVICE, type: 'set', id: server.world.stanzaId(), xmlns: 'md' };
    connection.send(node('iq', attrs, [node('pair-device', {}, refs)]));
    server.world.version.touch();
    return ears;
  }

  /** How many clients show a QR now. */
  get open(): number {
    return this.#candidates.size;
  }

  /** The numbers for which somebody waits for a code to be typed. */
  get codes(): readonly string[] {
    return [...this.#candidates].flatMap(({ offer }) => (offer === null || offer.half !== null ? [] : [offer.phone]));
  }

  /** A phone scans a QR: resolves with the new device once both sides have signed. Throws what the phone would show. */
  async scan(person: Person, qr: string, spoil: PairingSpoil | null): Promise<Device> {
    const parts = qr.slice(qr.indexOf('#') + 1).split(',');
    const [ref = '', noise = '', identity = '', secret = ''] = parts;
    const candidate = [...this.#candidates].find(({ refs }) => refs.includes(ref));
    if (parts.length < 4 || candidate === undefined) throw new Error('no client shows this QR (any more)');
    const { connection } = candidate;
    if (!same(Buffer.from(noise, 'base64'), connection.clientKey)) throw new Error('the QR has another Noise key');
    if (!same(Buffer.from(identity, 'base64'), candidate.identity)) throw new Error('the QR has another identity');
    return this.#offer(person, candidate, Buffer.from(secret, 'base64'), spoil);
  }

  /** Somebody types the code on the phone: resolves like `scan`. Throws WrongCode when it is not the client's. */
  async typeCode(person: Person, code: string): Promise<Device> {
    const candidate = [...this.#candidates].find(({ offer }) => offer?.phone === person.phone && offer.half === null);
    const offer = candidate?.offer;
    if (candidate === undefined || !offer) throw new Error('nobody waits for a code of this number');
    if (this.#server.world.clock.now() > offer.until) throw new Error('the code is too old');
    const phone = await openHello(code.replaceAll('-', '').trim(), offer.wrapped);
    offer.half = { person, phone };
    const linked = new Promise<Device>((resolve, reject) => {
      offer.done = resolve;
      offer.failed = reject;
    });
    const attrs = {
      from: SERVICE,
      type: 'link_code_companion_reg',
      id: this.#server.world.stanzaId(),
      t: String(this.#server.world.clock.seconds()),
    };
    const inner = [
      node('link_code_pairing_wrapped_primary_ephemeral_pub', {}, phone.wrapped),
      node('primary_identity_pub', {}, this.#server.cast.phoneKeys(person).publicKey),
      node('link_code_pairing_ref', {}, Buffer.from(offer.ref, 'utf8')),
    ];
    candidate.connection.send(
      node('notification', attrs, [node('link_code_companion_reg', { stage: 'primary_hello' }, inner)]),
    );
    return linked;
  }

  #offer(person: Person, candidate: Candidate, secret: Uint8Array, spoil: PairingSpoil | null): Promise<Device> {
    const { world, cast } = this.#server;
    if (person.companions.length >= MAX_COMPANIONS) throw new Error('this phone has linked as many devices as it may');
    const phone = cast.phoneKeys(person);
    const keyIndex = person.nextKeyIndex++;
    const about = { rawId: person.rawId, keyIndex, timestamp: world.clock.seconds() };
    const signer = spoil === 'account-signature' ? generateKeyPair() : phone;
    const made = signCompanion(phone, candidate.identity, about, signer);
    const device = person.nextDevice++;
    const id = world.stanzaId();
    const sealed = sealIdentity(made, spoil === 'hmac' ? randomBytes(32) : secret);
    const attrs = { from: SERVICE, type: 'set', id, xmlns: 'md', t: String(world.clock.seconds()) };
    return new Promise((done, failed) => {
      candidate.waiting = { id, person, signed: made, device, keyIndex, done, failed };
      candidate.connection.send(
        node('iq', attrs, [
          node('pair-success', {}, [
            node('device-identity', {}, sealed),
            node('platform', { name: 'android' }),
            node('device', { jid: person.deviceJid('pn', device), lid: person.deviceJid('lid', device) }),
          ]),
        ]),
      );
    });
  }

  #heard(candidate: Candidate, stanza: BinaryNode): void {
    const server = this.#server;
    server.records.note('in', null, stanza, server.now());
    const { waiting } = candidate;
    if (stanza.tag === 'iq') {
      const { type, xmlns, id } = stanza.attrs;
      if (waiting !== null && id === waiting.id) return this.#answered(candidate, waiting, stanza);
      if (type === 'result') return;
      if (xmlns === 'md') return this.#code(candidate, stanza);
      if (xmlns === 'w:p' || xmlns === 'urn:xmpp:ping') {
        candidate.connection.send(node('iq', { from: SERVICE, type: 'result', id }));
        return;
      }
    } else if (stanza.tag === 'ack' || stanza.tag === 'ib' || stanza.tag === 'presence') {
      return;
    }
    server.records.noteUnknown(null, stanza, 'not before a device is linked');
  }

  #answered(candidate: Candidate, waiting: Waiting, answer: BinaryNode): void {
    const { connection, identity, registration, signed } = candidate;
    const refuse = (why: string): void => {
      candidate.waiting = null;
      waiting.failed(new Error(why));
      connection.send(node('stream:error', { code: '500' }));
      connection.close();
    };
    const signature = child(child(answer, 'pair-device-sign'), 'device-identity');
    if (answer.attrs['type'] !== 'result' || signature === undefined) {
      return refuse('the client refused the phone’s signature');
    }
    const complete = checkAnswer(bytesOf(signature), waiting.signed, identity);
    if (typeof complete === 'string') return refuse(complete);
    if (signature.attrs['key-index'] !== String(waiting.keyIndex)) return refuse('the key index is not the phone’s');
    const device = this.#server.link(waiting.person, {
      id: waiting.device,
      keyIndex: waiting.keyIndex,
      simulated: false,
      keys: { identity, registration, signed, prekeys: [], more: null },
      noise: connection.clientKey,
      identity: complete,
      platform: 'web',
    });
    candidate.waiting = null;
    waiting.done(device);
    // It shows no QR any more; the stream is the client's to close, as a service that cuts first can overtake its own last word.
    this.#candidates.delete(candidate);
    if (this.silent) return;
    connection.send(node('stream:error', { code: '515' }));
    setTimeout(() => connection.close(), FAREWELL_MS).unref();
  }

  #code(candidate: Candidate, iq: BinaryNode): void {
    const { world, cast } = this.#server;
    const { id } = iq.attrs;
    const asked = child(iq, 'link_code_companion_reg');
    const { stage, jid = '' } = asked?.attrs ?? {};
    const reply = (content?: readonly BinaryNode[]): void => {
      candidate.connection.send(node('iq', { from: SERVICE, type: 'result', id }, content));
    };
    if (stage === 'companion_hello') {
      const person = world.personAt(jid);
      if (person === undefined) {
        const error = [node('error', { code: '404', text: 'item-not-found' })];
        candidate.connection.send(node('iq', { from: SERVICE, type: 'error', id }, error));
        return;
      }
      const ref = `3@${randomBytes(16).toString('base64')}`;
      const ignore = (): void => undefined;
      candidate.offer = {
        ref,
        phone: person.phone,
        wrapped: bytesOf(child(asked, 'link_code_pairing_wrapped_companion_ephemeral_pub')),
        until: world.clock.now() + CODE_LIFE_MS,
        half: null,
        done: ignore,
        failed: ignore,
      };
      const content = [node('link_code_pairing_ref', {}, Buffer.from(ref, 'utf8'))];
      reply([node('link_code_companion_reg', { stage }, content)]);
      world.version.touch();
      return;
    }
    const { offer } = candidate;
    if (stage !== 'companion_finish' || offer?.half === null || offer?.half === undefined) {
      this.#server.records.noteUnknown(null, iq, 'not of linking by code');
      return;
    }
    reply();
    candidate.offer = null;
    if (wordsOf(child(asked, 'link_code_pairing_ref')) !== offer.ref) {
      return offer.failed(new Error('the client answered another code'));
    }
    try {
      const { person, phone } = offer.half;
      const secret = openFinish(
        phone,
        cast.phoneKeys(person),
        bytesOf(child(asked, 'link_code_pairing_wrapped_key_bundle')),
        bytesOf(child(asked, 'companion_identity_public')),
      );
      this.#offer(person, candidate, secret, null).then(offer.done, offer.failed);
    } catch (error) {
      offer.failed(error instanceof WrongCode ? error : new Error('the code failed', { cause: error }));
    }
  }
}

const same = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other);
