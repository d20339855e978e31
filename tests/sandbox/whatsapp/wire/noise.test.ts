// The handshake: what a client must be able to check of the server really holds, what is tampered with is refused, and both ciphers
// count. The clients' own handshakes are in clients.test.ts.

import { describe, expect, test } from '@jest/globals';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { verify } from '../../../../sandbox/whatsapp/curve.ts';
import { ServerIdentity, type CertificateFlaw } from '../../../../sandbox/whatsapp/wire/certificate.ts';
import { decodeNode } from '../../../../sandbox/whatsapp/wire/decode.ts';
import { encodeNode } from '../../../../sandbox/whatsapp/wire/encode.ts';
import { frame, FrameReader, INTRO } from '../../../../sandbox/whatsapp/wire/frames.ts';
import { Responder, type Established, type HandshakeStep } from '../../../../sandbox/whatsapp/wire/noise.ts';
import { WireError } from '../../../../sandbox/whatsapp/wire/wire-error.ts';
import { seeded } from '../support/dice.ts';
import { Initiator } from '../support/noise-initiator.ts';
import { WireClient } from '../support/wire-client.ts';

const identity = new ServerIdentity();
const CHAIN = identity.chain();
const responder = (): Responder => new Responder(identity.staticKeys, CHAIN, INTRO);

const step = ({ answer, established }: HandshakeStep) => {
  if (answer === undefined) throw new Error('no answer');
  return { hello: proto.HandshakeMessage.decode(answer).serverHello ?? {}, answer, established };
};

/** What whatsmeow checks of a chain: undefined when it may be trusted. */
function distrust(chain: Uint8Array, root: Uint8Array, serverKey: Uint8Array): string | undefined {
  const { leaf, intermediate } = proto.CertChain.decode(chain);
  const none = new Uint8Array(0);
  const details = (one: typeof leaf) => {
    const { key, serial, issuerSerial } = proto.CertChain.NoiseCertificate.Details.decode(one?.details ?? none);
    return { key: key ?? none, serial, issuerSerial };
  };
  if (!verify(root, intermediate?.details ?? none, intermediate?.signature ?? none)) return 'root signature';
  if (details(intermediate).issuerSerial !== 0) return 'issuer of the intermediate';
  if (!verify(details(intermediate).key, leaf?.details ?? none, leaf?.signature ?? none)) return 'leaf signature';
  if (details(leaf).issuerSerial !== details(intermediate).serial) return 'issuer of the leaf';
  return Buffer.compare(details(leaf).key, serverKey) === 0 ? undefined : 'leaf key';
}

describe('the certificate chain', () => {
  test.each<[CertificateFlaw | undefined, string | undefined]>([
    [undefined, undefined],
    ['root', 'root signature'],
    ['leaf-signature', 'leaf signature'],
    ['leaf-key', 'leaf key'],
    ['leaf-issuer', 'issuer of the leaf'],
  ])('with the flaw %s', (flaw, found) => {
    expect(distrust(identity.chain(flaw), identity.rootKey, identity.staticKeys.publicKey)).toBe(found);
  });

  test('is of this root only, and the same for the same seed', () => {
    const [one, same, other] = [new ServerIdentity('a'), new ServerIdentity('a'), new ServerIdentity('b')];
    expect(same.rootKey).toEqual(one.rootKey);
    expect(distrust(same.chain(), one.rootKey, one.staticKeys.publicKey)).toBeUndefined();
    expect(distrust(other.chain(), one.rootKey, other.staticKeys.publicKey)).toBe('root signature');
  });
});

/** A Baileys client through a responder, without a socket. */
async function shaken(routingInfo?: Uint8Array) {
  const client = new WireClient(routingInfo === undefined ? {} : { routingInfo });
  const frames = new FrameReader();
  const server = responder();
  const [hello] = frames.feed(client.hello());
  const { answer } = step(server.take(hello ?? Buffer.alloc(0)));
  const [heard] = await client.decode(frame(answer));
  const [finish] = frames.feed(await client.finish(heard as Uint8Array));
  const { established } = server.take(finish ?? Buffer.alloc(0));
  if (established === undefined) throw new Error('not established');
  return { client, frames, established };
}

describe('XX', () => {
  test('with Baileys, then nodes both ways, cut at every byte', async () => {
    const routing = Uint8Array.of(8, 9, 10);
    const { client, frames, established } = await shaken(routing);
    expect(frames.routingInfo).toEqual(routing);
    expect(established.pattern).toBe('XX');
    expect(Buffer.from(established.clientKey)).toEqual(client.noiseKey.public);
    expect(Number(proto.ClientPayload.decode(established.payload).username)).toBe(4915112345678);
    const node = (id: number) => ({ tag: 'iq', attrs: { id: `node.${id}`, to: '4915112345678:7@s.whatsapp.net' } });
    const length = frame(encodeNode(node(100))).length + 16;
    for (let cut = 0; cut <= length; cut++) {
      const bytes = client.encode(node(cut));
      const [arrived] = [...frames.feed(bytes.subarray(0, cut)), ...frames.feed(bytes.subarray(cut))];
      expect(decodeNode(established.transport.decrypt(arrived ?? Buffer.alloc(0)))).toEqual(node(cut));
      const back = frame(established.transport.encrypt(encodeNode(node(cut))));
      const heard = [...(await client.decode(back.subarray(0, cut))), ...(await client.decode(back.subarray(cut)))];
      expect(heard).toMatchObject([node(cut)]);
    }
  });
});

/** A Baileys client's handshake, in which `spoil` may change each of its messages on the way. */
async function spoiled(spoil: (which: 'hello' | 'finish', frame: Buffer) => Buffer): Promise<Established | undefined> {
  const client = new WireClient();
  const frames = new FrameReader();
  const server = responder();
  const [hello] = frames.feed(client.hello());
  const { answer } = step(server.take(spoil('hello', hello ?? Buffer.alloc(0))));
  const [heard] = await client.decode(frame(answer));
  const [finish] = frames.feed(await client.finish(heard as Uint8Array));
  return server.take(spoil('finish', finish ?? Buffer.alloc(0))).established;
}

describe('what is refused', () => {
  test('a finish in which any one byte is another', async () => {
    const length = (await finishLength()) - 1;
    // The protobuf's own tags and lengths included; every 7th byte, so that both ciphertexts and their seals are met.
    for (let at = 0; at < length; at += 7) {
      const change = (which: string, bytes: Buffer): Buffer =>
        which === 'finish' ? Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 0x40 : byte))) : bytes;
      await expect(spoiled(change)).rejects.toThrow(WireError);
    }
  });

  test('a finish for another hello', async () => {
    const other = new WireClient();
    const [hello] = new FrameReader().feed(other.hello());
    const { answer } = step(responder().take(hello ?? Buffer.alloc(0)));
    const [heard] = await other.decode(frame(answer));
    const reader = new FrameReader();
    const [, finish] = reader.feed(
      Buffer.concat([INTRO, frame(Buffer.of(1)), await other.finish(heard as Uint8Array)]),
    );
    await expect(spoiled((which, bytes) => (which === 'finish' ? (finish ?? bytes) : bytes))).rejects.toThrow(
      WireError,
    );
  });

  const message = (fields: proto.IHandshakeMessage): Uint8Array => proto.HandshakeMessage.encode(fields).finish();
  test.each([
    ['nothing', new Uint8Array(0)],
    ['no protobuf', Buffer.from('ffffffff', 'hex')],
    ['a hello without a key', message({ clientHello: {} })],
    ['a hello with a short key', message({ clientHello: { ephemeral: new Uint8Array(31) } })],
    ['a key of small order', message({ clientHello: { ephemeral: new Uint8Array(32) } })],
    [
      'a finish without a hello',
      message({ clientFinish: { static: new Uint8Array(48), payload: new Uint8Array(20) } }),
    ],
  ])('%s', (_what, bytes) => {
    expect(() => responder().take(bytes)).toThrow(WireError);
  });

  test('a hello after the hello, and a finish that lacks half', () => {
    for (const second of [
      { clientHello: { ephemeral: Buffer.alloc(32, 9) } },
      { clientFinish: { static: Buffer.alloc(48) } },
    ]) {
      const server = responder();
      step(server.take(message({ clientHello: { ephemeral: Buffer.alloc(32, 9) } })));
      expect(() => server.take(message(second))).toThrow(WireError);
    }
  });

  test('random bytes, with no other error', () => {
    const dice = seeded(11);
    const outcomes = Array.from({ length: 2000 }, () => {
      const server = responder();
      try {
        for (let i = 0; i < 2; i++)
          server.take(
            dice.pick([dice.bytes(dice.below(80)), Buffer.concat([Buffer.from('12220a20', 'hex'), dice.bytes(32)])]),
          );
        return 'established';
      } catch (error) {
        return error instanceof WireError ? 'refused' : error;
      }
    });
    expect(new Set(outcomes)).toEqual(new Set(['refused']));
  });

  test('frames out of order, twice, or changed, after the handshake', async () => {
    const { client, frames, established } = await shaken();
    const [first, second] = [1, 2].map(
      (id) => frames.feed(client.encode({ tag: 'iq', attrs: { id: `node.${id}` } }))[0],
    );
    if (first === undefined || second === undefined) throw new Error('no frames');
    const { transport } = established;
    expect(decodeNode(transport.decrypt(first)).attrs['id']).toBe('node.1');
    expect(() => transport.decrypt(first)).toThrow(WireError);
    expect(() => transport.decrypt(Buffer.alloc(15))).toThrow(WireError);
  });
});

async function finishLength(): Promise<number> {
  let length = 0;
  await spoiled((which, bytes) => {
    if (which === 'finish') length = bytes.length;
    return bytes;
  });
  return length;
}

describe('a client that kept our key', () => {
  const payload = proto.ClientPayload.encode({ username: 49, device: 3 }).finish();

  /** IK's first message by the specification: e, es, s, ss, payload. */
  function resuming(serverKey: Uint8Array) {
    const initiator = new Initiator('Noise_IK_25519_AESGCM_SHA256', INTRO);
    initiator.mix(serverKey);
    initiator.mix(initiator.ephemeral.publicKey);
    initiator.key(initiator.ephemeral, serverKey);
    const sealedStatic = initiator.seal(initiator.identity.publicKey);
    initiator.key(initiator.identity, serverKey);
    const clientHello = {
      ephemeral: initiator.ephemeral.publicKey,
      static: sealedStatic,
      payload: initiator.seal(payload),
    };
    return { initiator, clientHello, hello: proto.HandshakeMessage.encode({ clientHello }).finish() };
  }

  /** Nodes both ways through what both sides agreed on. */
  function converse(initiator: Initiator, established: Established): void {
    const [out, back] = initiator.split();
    for (let i = 0; i < 3; i++) {
      const node = { tag: 'iq', attrs: { id: `node.${i}` } };
      expect(decodeNode(established.transport.decrypt(out.seal(encodeNode(node))))).toEqual(node);
      expect(decodeNode(back.open(established.transport.encrypt(encodeNode(node))))).toEqual(node);
    }
  }

  test('is through with one message (IK)', () => {
    const { initiator, hello } = resuming(identity.staticKeys.publicKey);
    const { hello: answer, established } = step(responder().take(hello));
    expect(answer.static ?? new Uint8Array(0)).toHaveLength(0);
    initiator.mix(answer.ephemeral ?? new Uint8Array(0));
    initiator.key(initiator.ephemeral, answer.ephemeral ?? new Uint8Array(0));
    initiator.key(initiator.identity, answer.ephemeral ?? new Uint8Array(0));
    expect(initiator.open(answer.payload ?? new Uint8Array(0))).toEqual(Buffer.from(CHAIN));
    if (established === undefined) throw new Error('not established');
    expect(established).toMatchObject({ pattern: 'IK', clientKey: initiator.identity.publicKey, payload });
    converse(initiator, established);
  });

  test('falls back when the key is an old one (XXfallback)', () => {
    const { initiator: first, hello } = resuming(new ServerIdentity().staticKeys.publicKey);
    const server = responder();
    const { hello: answer, established: early } = step(server.take(hello));
    expect(early).toBeUndefined();
    const ephemeral = answer.ephemeral ?? new Uint8Array(0);
    const initiator = new Initiator('Noise_XXfallback_25519_AESGCM_SHA256', INTRO, first.identity, first.ephemeral);
    initiator.mix(initiator.ephemeral.publicKey);
    initiator.mix(ephemeral);
    initiator.key(initiator.ephemeral, ephemeral);
    const serverKey = initiator.open(answer.static ?? new Uint8Array(0));
    expect(serverKey).toEqual(Buffer.from(identity.staticKeys.publicKey));
    initiator.key(initiator.ephemeral, serverKey);
    expect(initiator.open(answer.payload ?? new Uint8Array(0))).toEqual(Buffer.from(CHAIN));
    const sealedStatic = initiator.seal(initiator.identity.publicKey);
    initiator.key(initiator.identity, ephemeral);
    const clientFinish = { static: sealedStatic, payload: initiator.seal(payload) };
    const { established } = server.take(proto.HandshakeMessage.encode({ clientFinish }).finish());
    if (established === undefined) throw new Error('not established');
    expect(established).toMatchObject({ pattern: 'XXfallback', clientKey: initiator.identity.publicKey, payload });
    converse(initiator, established);
  });

  test('is refused when its payload was changed', () => {
    const { clientHello } = resuming(identity.staticKeys.publicKey);
    clientHello.payload[0] = (clientHello.payload[0] ?? 0) ^ 1;
    expect(() => responder().take(proto.HandshakeMessage.encode({ clientHello }).finish())).toThrow(WireError);
  });
});
