// What a hand needs to do one duty in a portal's room; types only.
import type { Delivery, MatrixDuty } from '../../model/delivery.ts';
import type { RoomId } from '../../model/ids.ts';
import type { Portal, Puppet } from '../../model/records.ts';
import type { FlowDoors } from '../doors.ts';

export type ToMatrix = Extract<Delivery, { to: 'matrix' }>;
export type Open = Portal & { readonly room: RoomId };

/** Duties done in a portal's room. */
export type RoomDuty = Exclude<MatrixDuty, { kind: 'person' | 'same-chat' | 'marks' }>;

export interface Hand<Duty> {
  readonly doors: FlowDoors;
  readonly owed: ToMatrix;
  readonly duty: Duty;
  readonly portal: Open;
  readonly puppet: Puppet;
  /** Look whether it was done before. */
  readonly look: boolean;
  /** It was planned a while ago: another may have brought the same meanwhile. */
  readonly frozen: boolean;
}

export type HandFor<Kind extends RoomDuty['kind']> = Hand<Extract<MatrixDuty, { kind: Kind }>>;
