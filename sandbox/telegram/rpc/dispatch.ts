// From the bytes of a call to the bytes of its answer: wrappers taken off, layer remembered, login checked, faults
// applied, the method run, the answer written in the caller's layer. Knows no single method.

import { gzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TelegramServer } from '../server.ts';
import { TlError, TlReader, TlWriter } from '../tl/binary.ts';
import { BASE_LAYER, layerFor } from '../tl/layers.ts';
import type { TlObject, TlValue } from '../tl/layer.ts';
import type { TlDefinition } from '../tl/schema.ts';
import type { Session } from '../wire/session.ts';
import { View } from '../world/view.ts';
import { Refusal } from '../../refusal.ts';
import { accountMethods, authMethods } from './auth.ts';
import type { Context, Method, OpenMethod } from './context.ts';
import { fileMethods } from './files.ts';
import { helpMethods } from './help.ts';
import { messageMethods } from './messages.ts';
import { peopleMethods } from './people.ts';
import { updateMethods } from './updates.ts';

const GZIP = 0x3072cfa1;
const GZIP_FROM = 512;
const MAX_WRAPPERS = 16;

const OPEN: ReadonlyMap<string, OpenMethod> = new Map(Object.entries({ ...helpMethods, ...authMethods }));
const CLOSED: ReadonlyMap<string, Method> = new Map(
  Object.entries({ ...accountMethods, ...peopleMethods, ...messageMethods, ...updateMethods, ...fileMethods }),
);

/** Calls that do not make a session one that listens. */
const isFileMethod = (name: string): boolean => name.startsWith('upload.');

interface Unwrapped {
  readonly definition: TlDefinition;
  readonly request: TlObject;
  readonly withoutUpdates: boolean;
}

/** Takes off invokeWith… and initConnection, keeping what they say. Waits for what invokeAfterMsg waits for. */
async function unwrap(server: TelegramServer, session: Session, query: Buffer): Promise<Unwrapped> {
  const { key } = session;
  const from = new TlReader(query);
  let withoutUpdates = false;
  for (let depth = 0; depth < MAX_WRAPPERS; depth++) {
    const layer = key.layer === null ? layerFor(BASE_LAYER) : layerFor(key.layer);
    const definition = layer.peekMethod(from);
    if (definition === undefined) {
      const id = from.peekUint().toString(16);
      server.log(`no method ${id} in layer ${layer.number}`);
      throw new Refusal(400, `INPUT_METHOD_INVALID_${from.peekUint()}_0`);
    }
    const request = layer.readMethod(from);
    switch (definition.name) {
      case 'invokeWithLayer':
        key.layer = typeof request['layer'] === 'number' ? request['layer'] : BASE_LAYER;
        if (key.layer < BASE_LAYER) throw new Refusal(400, 'CONNECTION_LAYER_INVALID');
        break;
      case 'initConnection':
        if (key.layer === null) throw new Refusal(400, 'CONNECTION_LAYER_INVALID');
        if (typeof request['api_id'] !== 'number' || request['api_id'] <= 0) throw new Refusal(400, 'API_ID_INVALID');
        key.inited = true;
        break;
      case 'invokeWithoutUpdates':
        withoutUpdates = true;
        break;
      case 'invokeAfterMsg':
      case 'invokeAfterMsgs': {
        const ids = definition.name === 'invokeAfterMsg' ? [request['msg_id']] : request['msg_ids'];
        for (const id of ids as readonly bigint[]) {
          if ((await session.outcome(id)) !== true) throw new Refusal(400, 'MSG_WAIT_FAILED');
        }
        break;
      }
      case 'invokeWithMessagesRange':
      case 'invokeWithTakeout':
        break;
      default:
        if (from.left > 0) throw new TlError(`${from.left} bytes after ${definition.name}`);
        return { definition, request, withoutUpdates };
    }
  }
  throw new Refusal(400, 'INPUT_REQUEST_TOO_LONG');
}

function run(context: Context, name: string, request: TlObject): TlValue {
  const { server, key } = context;
  const open = OPEN.get(name);
  if (open !== undefined) return open(context, request);
  const method = CLOSED.get(name);
  const me = key.account === null ? undefined : server.world.people.get(key.account);
  if (me === undefined) throw new Refusal(401, key.passwordFor === null ? key.refusal : 'SESSION_PASSWORD_NEEDED');
  if (method === undefined) {
    server.unknownMethods.set(name, (server.unknownMethods.get(name) ?? 0) + 1);
    server.log(`${name} is not built here`);
    throw new Refusal(400, 'METHOD_NOT_SIMULATED');
  }
  return method({ ...context, me, view: new View(server.world, me) }, request);
}

/** On the tape before it is executed: what is measured is when it came. */
function noteText(server: TelegramServer, session: Session, request: TlObject): void {
  const text = request['message'];
  if (request._ !== 'messages.sendMessage' || typeof text !== 'string' || server.tape.idle) return;
  server.tape.tell({ way: 'in', text, at: session.heardAt });
}

function packed(name: string, body: Buffer): Buffer {
  if (body.length < GZIP_FROM || isFileMethod(name)) return body;
  const zipped = gzipSync(body, { level: 1 });
  return zipped.length + 8 < body.length ? new TlWriter().uint(GZIP).bytes(zipped).finish() : body;
}

/** Executes one call and answers it. Resolves to whether it went well; never rejects. */
export async function dispatch(
  server: TelegramServer,
  dc: number,
  session: Session,
  messageId: bigint,
  query: Buffer,
): Promise<boolean> {
  const { key } = session;
  let name = '?';
  const account = key.account;
  const record = (outcome: string): void =>
    server.record({ method: name, account: account === null ? null : String(account), at: Date.now(), outcome });
  try {
    const { definition, request, withoutUpdates } = await unwrap(server, session, query);
    name = definition.name;
    noteText(server, session, request);
    if (!key.inited) throw new Refusal(400, 'CONNECTION_NOT_INITED');
    const fault = server.faults.onCall(name, account);
    if (fault.fail !== null) throw new Refusal(fault.fail.code, fault.fail.message);
    if (!withoutUpdates && !isFileMethod(name) && !session.receives) {
      session.receives = true;
      server.world.news.touch();
    }
    const layer = server.layerOf(key);
    const result = packed(name, layer.writeResult(name, run({ server, dc, session, key }, name, request)));
    record(fault.lose ? 'lost' : 'ok');
    const answer = (): void => {
      if (fault.kill) for (const connection of server.connectionsOf(account)) connection.kill();
      if (!fault.lose) server.sendResult(session, messageId, result);
    };
    // The call is over when it was executed: only its answer may be late, and nothing that waits for it waits for that.
    if (fault.delayMs > 0) void sleep(fault.delayMs).then(answer);
    else answer();
    return true;
  } catch (error) {
    const refusal =
      error instanceof Refusal
        ? error
        : new Refusal(
            error instanceof TlError ? 400 : 500,
            error instanceof TlError ? 'INPUT_FETCH_ERROR' : 'INTERNAL',
          );
    if (refusal !== error)
      server.log(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    record(`${refusal.code} ${refusal.message}`);
    server.sendError(session, messageId, refusal.code, refusal.message);
    return false;
  }
}
