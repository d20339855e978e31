// The encrypted settings that a person's devices share (mute, pin, archive…): the service keeps patches in order and
// understands nothing of them. Knows no keys.

export const COLLECTIONS = [
  'critical_block',
  'critical_unblock_low',
  'regular_high',
  'regular_low',
  'regular',
] as const;

export interface Patch {
  readonly version: number;
  /** An encoded SyncdPatch as it was uploaded, without its version. */
  readonly bytes: Uint8Array;
}

export class AppState {
  readonly #patches = new Map<string, Patch[]>();
  readonly #snapshots = new Map<string, Uint8Array>();

  clear(): void {
    this.#patches.clear();
    this.#snapshots.clear();
  }

  /** @param reference an encoded ExternalBlobReference: where the media host has the whole collection */
  putSnapshot(collection: string, reference: Uint8Array): void {
    this.#snapshots.set(collection, reference);
  }

  /** For a device that begins from nothing. */
  snapshot(collection: string): Uint8Array | undefined {
    return this.#snapshots.get(collection);
  }

  version(collection: string): number {
    return this.#patches.get(collection)?.at(-1)?.version ?? 0;
  }

  /** The patches after a version, oldest first. */
  since(collection: string, version: number): readonly Patch[] {
    return (this.#patches.get(collection) ?? []).filter((patch) => patch.version > version);
  }

  /** The new version; null when the patch was not made on the newest one. */
  append(collection: string, madeOn: number, bytes: Uint8Array): number | null {
    const now = this.version(collection);
    if (madeOn !== now) return null;
    const patches = this.#patches.get(collection) ?? [];
    patches.push({ version: now + 1, bytes });
    this.#patches.set(collection, patches);
    return now + 1;
  }
}
