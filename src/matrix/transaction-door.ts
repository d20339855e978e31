// Where the homeserver knocks: checks its token, hands every event on in one durable commit, only then says 200.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { as, type EventId, type RoomId, type UserId } from '../model/ids.ts';
import type { MatrixEphemeral } from '../model/matrix-event.ts';
import type { MatrixSink } from '../ports/matrix.ts';
import type { Logger } from '../ports/stores.ts';
import { field, isObject, objectAt, textAt } from './json.ts';

export interface DoorOptions {
  readonly hsToken: string;
  /** Is this user one of ours that exists (a ghost made, or the bot)? */
  readonly userExists: (user: UserId) => Promise<boolean>;
  /** Network ids with their titles, for /thirdparty. */
  readonly protocols: Readonly<Record<string, string>>;
  readonly log: Logger;
}

const LIMIT = 32 * 1024 * 1024;
const BASE = '/_matrix/app/v1';

export class TransactionDoor {
  readonly #options: DoorOptions;
  readonly #token: Buffer;
  #server: Server | undefined;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#token = digest(options.hsToken);
  }

  /** @returns the port in use. @throws Error when the address is taken. */
  async listen(sink: MatrixSink, at: { readonly host: string; readonly port: number }): Promise<number> {
    const server = createServer(this.#app(sink));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(at.port, at.host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#server = server;
    return (server.address() as AddressInfo).port;
  }

  /** Finishes what is being answered, takes nothing new. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await closed;
  }

  #app(sink: MatrixSink): express.Express {
    const app = express();
    app.disable('x-powered-by');
    app.disable('etag');
    app.use(BASE, (request, response, next) => this.#guard(request, response, next));
    const json = express.json({ limit: LIMIT, type: () => true, strict: false });
    app
      .route(`${BASE}/transactions/:txnId`)
      .put(json, async (request, response) => await this.#transaction(sink, request, response))
      .all(wrongVerb);
    app
      .route(`${BASE}/ping`)
      .post((_request, response) => response.json({}))
      .all(wrongVerb);
    app
      .route(`${BASE}/users/:id`)
      .get(async (request, response) => {
        const known = await this.#options.userExists(as<UserId>(request.params.id));
        if (known) response.json({});
        else refuse(response, 404, 'M_NOT_FOUND');
      })
      .all(wrongVerb);
    app
      .route(`${BASE}/rooms/:alias`)
      .get((_request, response) => refuse(response, 404, 'M_NOT_FOUND'))
      .all(wrongVerb);
    app
      .route(`${BASE}/thirdparty/protocol/:protocol`)
      .get((request, response) => this.#protocol(request.params.protocol, response))
      .all(wrongVerb);
    for (const what of ['user', 'location'] as const) {
      app
        .route([`${BASE}/thirdparty/${what}`, `${BASE}/thirdparty/${what}/:protocol`])
        .get((_request, response) => response.json([]))
        .all(wrongVerb);
    }
    app.use((_request, response) => refuse(response, 404, 'M_UNRECOGNIZED'));
    app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
      if (response.headersSent) {
        next(error);
        return;
      }
      const status = isObject(error) && typeof error['status'] === 'number' ? error['status'] : 500;
      if (status === 413) refuse(response, 413, 'M_TOO_LARGE');
      else if (status >= 400 && status < 500) refuse(response, 400, 'M_NOT_JSON');
      else {
        this.#options.log.error({ error, code: 'door' }, 'a request of the homeserver failed');
        refuse(response, 503, 'M_UNKNOWN');
      }
    });
    return app;
  }

  #guard(request: Request, response: Response, next: NextFunction): void {
    const match = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
    if (match === null) refuse(response, 401, 'M_MISSING_TOKEN');
    else if (!timingSafeEqual(digest(match[1] ?? ''), this.#token)) refuse(response, 403, 'M_FORBIDDEN');
    else next();
  }

  async #transaction(sink: MatrixSink, request: Request, response: Response): Promise<void> {
    const txn = String(request.params['txnId']);
    const events = field(request.body, 'events');
    if (!isObject(request.body) || (events !== undefined && !Array.isArray(events))) {
      refuse(response, 400, 'M_BAD_JSON');
      return;
    }
    try {
      await sink.accept(txn, (events as readonly unknown[] | undefined) ?? []);
    } catch (error) {
      this.#options.log.warn({ error, code: 'accept' }, 'a transaction could not be written down; it will come again');
      refuse(response, 503, 'M_UNKNOWN');
      return;
    }
    response.json({});
    for (const event of readEphemerals(request.body)) sink.ephemeral(event);
  }

  #protocol(protocol: string, response: Response): void {
    const title = Object.hasOwn(this.#options.protocols, protocol) ? this.#options.protocols[protocol] : undefined;
    if (title === undefined) {
      refuse(response, 404, 'M_NOT_FOUND');
      return;
    }
    response.json({
      user_fields: [],
      location_fields: [],
      icon: '',
      field_types: {},
      instances: [{ desc: title, network_id: protocol, fields: {} }],
    });
  }
}

/** Reads the stable key, else the older one: a homeserver that sends both sends the same twice. */
export function readEphemerals(body: unknown): readonly MatrixEphemeral[] {
  const stable = field(body, 'ephemeral');
  const raw = Array.isArray(stable) ? stable : field(body, 'de.sorunome.msc2409.ephemeral');
  return Array.isArray(raw) ? raw.flatMap(readEphemeral) : [];
}

function readEphemeral(raw: unknown): MatrixEphemeral[] {
  const room = textAt(raw, 'room_id', 255);
  if (room === undefined) return [];
  const content = objectAt(raw, 'content');
  const type = textAt(raw, 'type');
  if (type === 'm.typing') {
    const ids = field(content, 'user_ids');
    const users = Array.isArray(ids) ? ids.filter((id) => typeof id === 'string').map((id) => as<UserId>(id)) : [];
    return [{ kind: 'typing', room: as<RoomId>(room), users }];
  }
  if (type !== 'm.receipt') return [];
  return Object.keys(content).flatMap((event) =>
    Object.keys(objectAt(objectAt(content, event), 'm.read')).map((user) => ({
      kind: 'read' as const,
      room: as<RoomId>(room),
      user: as<UserId>(user),
      event: as<EventId>(event),
    })),
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refuse(response: Response, status: number, errcode: string): void {
  response.status(status).json({ errcode, error: errcode });
}

function wrongVerb(_request: Request, response: Response): void {
  refuse(response, 405, 'M_UNRECOGNIZED');
}
