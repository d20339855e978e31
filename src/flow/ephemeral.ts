// Typing and receipts, passed on at once and lost in peace: nothing here is queued, retried or written down.
import type { EphemeralEvent } from '../model/network-event.ts';
import type { MatrixEphemeral } from '../model/matrix-event.ts';
import type { Puppet } from '../model/records.ts';
import type { FlowDoors } from './doors.ts';

export class Ephemeral {
  readonly #doors: FlowDoors;

  constructor(doors: FlowDoors) {
    this.#doors = doors;
  }

  fromMatrix(event: MatrixEphemeral): void {
    this.#lose(event.kind === 'read' ? this.#readHere(event) : Promise.resolve());
  }

  fromNetwork(_puppet: Puppet, event: EphemeralEvent): void {
    this.#lose(event.kind === 'typing' ? this.#typingThere(event) : this.#readThere(event));
  }

  async #readHere(event: Extract<MatrixEphemeral, { kind: 'read' }>): Promise<void> {
    const portal = await this.#doors.portals.byRoom(event.room);
    if (portal === undefined || this.#doors.matrix.isOurs(event.user)) return;
    const puppet = await this.#doors.senders.towardsNetwork(portal, event.user);
    const session = puppet === undefined ? undefined : this.#doors.session(puppet.id);
    const link = (await this.#doors.links.byEvent(event.event)).at(-1);
    if (session === undefined || link === undefined) return;
    await session.performEphemeral({ kind: 'mark-read', chat: portal.key.chat, upTo: link.message });
  }

  async #typingThere(event: Extract<EphemeralEvent, { kind: 'typing' }>): Promise<void> {
    const portal = await this.#doors.portals.byKey(event.portal);
    if (portal?.room === undefined) return;
    const ghost = await this.#doors.matrix.ghost(portal.key.network, event.person);
    await ghost.typing(portal.room, event.active);
  }

  async #readThere(event: Extract<EphemeralEvent, { kind: 'read' }>): Promise<void> {
    const portal = await this.#doors.portals.byKey(event.portal);
    const link = (await this.#doors.links.byMessage(event.portal, event.upTo)).at(-1);
    if (portal?.room === undefined || link === undefined) return;
    const ghost = await this.#doors.senders.towardsMatrix(portal, event.person);
    await ghost.read(portal.room, link.event);
  }

  #lose(work: Promise<void>): void {
    work.catch((error: unknown) => this.#doors.log.debug({ error }, 'a passing sign was lost'));
  }
}
