// Puts the double together: one world on "disk", and everything that lives in memory over it; it must not know sockets.
import { appendFileSync } from 'node:fs';
import { Bus } from './bus.ts';
import { Distributor } from './distributor.ts';
import { EphemeralEvents } from './ephemeral.ts';
import { MatrixError, type Json } from './json.ts';
import { MediaStore } from './media.ts';
import { People } from './people.ts';
import { PushRules } from './push-rules.ts';
import { Pusher } from './pusher.ts';
import { Reads } from './read.ts';
import { ownsAlias, readRegistration, type Appservice } from './registration.ts';
import { Rooms } from './rooms.ts';
import { Syncs } from './sync.ts';
import type { World } from './world.ts';
import type { Answer } from './routes/route.ts';

export interface DoubleSettings {
  readonly registrations: readonly string[];
  readonly defaultVersion: string;
  readonly secret: string;
  readonly logFile: string;
}

/** One life of the homeserver process. A crash throws this away and keeps the world. */
export class Double {
  readonly world: World;
  readonly defaultVersion: string;
  readonly services: readonly Appservice[];
  readonly bus = new Bus();
  readonly rooms: Rooms;
  readonly people: People;
  readonly ephemeral: EphemeralEvents;
  readonly pushRules: PushRules;
  readonly syncs: Syncs;
  readonly reads: Reads;
  readonly media: MediaStore;
  readonly pushers: readonly Pusher[];
  readonly #distributor: Distributor;
  readonly #logFile: string;
  /** Layer 1 of deduplication: answers by transaction, in memory for 30 to 60 minutes. */
  readonly #answers = new Map<string, { readonly answer: Promise<Answer>; readonly at: number }>();

  constructor(world: World, settings: DoubleSettings) {
    this.world = world;
    this.defaultVersion = settings.defaultVersion;
    this.#logFile = settings.logFile;
    this.services = settings.registrations.map((path) => readRegistration(path, world.serverName));
    this.rooms = new Rooms(world, this.bus);
    this.people = new People(world, this.rooms, this.bus, this.services, settings.secret);
    this.ephemeral = new EphemeralEvents(world, this.bus);
    this.pushRules = new PushRules(world, this.rooms, this.bus);
    this.syncs = new Syncs(world, this.bus, this.ephemeral, this.pushRules);
    this.reads = new Reads(world);
    this.media = new MediaStore(world);
    this.pushers = this.services.map((service) => new Pusher(service, world, (line) => this.log(line)));
    this.#distributor = new Distributor(world, this.pushers);
    this.bus.listen({
      event: () => this.#distributor.notify(),
      ephemeral: (news) => this.#distributor.notifyEphemeral(news),
    });
  }

  log(line: string): void {
    appendFileSync(this.#logFile, `${new Date().toISOString()} ${line}\n`);
  }

  pusher(id: string): Pusher {
    const found = this.pushers.find(({ service }) => service.id === id);
    if (found === undefined) throw new Error(`no appservice ${id}`);
    return found;
  }

  /** Run once per key while the answer is remembered; failures are not. */
  async once(key: string, run: () => Promise<Answer>): Promise<Answer> {
    const now = Date.now();
    const known = this.#answers.get(key);
    if (known !== undefined && known.at + 1_800_000 > now) return await known.answer;
    const answer = run();
    this.#answers.set(key, { answer, at: now });
    try {
      return await answer;
    } catch (error) {
      this.#answers.delete(key);
      throw error;
    }
  }

  /** POST /appservice/{id}/ping: the answer's errors say how the appservice failed. */
  async ping(id: string, transactionId: unknown): Promise<Json> {
    const pusher = this.pusher(id);
    if (pusher.service.url === null) {
      throw new MatrixError(400, 'M_URL_NOT_SET', 'The application service does not have a URL set');
    }
    const began = performance.now();
    let answer: Response;
    let text: string;
    try {
      answer = await pusher.ping(transactionId);
      text = await answer.text();
    } catch (error) {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      throw new MatrixError(502, 'M_CONNECTION_FAILED', reason);
    }
    if (!answer.ok) {
      throw new MatrixError(502, 'M_BAD_STATUS', `HTTP ${answer.status}`, { status: answer.status, body: text });
    }
    pusher.forceRetry();
    return { duration_ms: Math.floor(performance.now() - began) };
  }

  async askForUser(userId: string): Promise<boolean> {
    return await this.#distributor.askFor(userId);
  }

  /** Ask whoever owns the alias to make the room now. */
  async askForAlias(alias: string): Promise<boolean> {
    for (const pusher of this.pushers) {
      if (ownsAlias(pusher.service, alias) && (await pusher.asks('rooms', alias))) return true;
    }
    return false;
  }

  /** The process ends: memory is gone, the world stays. */
  die(): void {
    this.#distributor.die();
    this.ephemeral.forget();
    this.bus.wake();
  }
}
