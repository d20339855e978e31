// Secrets at rest: sealed with a key that is not in the database, each bound to its place; knows no meaning of what it keeps.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import type { Fence } from '../ports/queue.ts';
import type { Vault, VaultChange } from '../ports/stores.ts';
import { acceptSql, acceptValues, type SealedChange } from './accept-sql.ts';
import { guarded, transaction, writtenOut, type Db } from './db.ts';

const VERSION = 1;
const IV_BYTES = 12;
const IVS_AT_ONCE = 256;
const TAG_BYTES = 16;
const ID_BYTES = 4;
const CHECK = { scope: 'vault', key: 'check' };
const CHECK_VALUE = 'passerelle vault';

/** Wrong or missing key: one sentence, nothing changed. */
export class VaultKeyError extends Error {}

/** AES-256-GCM. Layout: version (1), key id (4), IV (12), ciphertext, tag (16); associated data = version, key id, scope, key. */
export class Seal {
  /** Made of its bytes once: Node takes several times as long to seal with those. */
  readonly #key: KeyObject;
  readonly #id: Buffer;
  #ivs = Buffer.alloc(0);

  constructor(key: Uint8Array) {
    if (key.length !== 32) throw new VaultKeyError('The vault key must be 32 bytes: check secrets.vaultKey.');
    this.#key = createSecretKey(key);
    this.#id = createHash('sha256').update('passerelle-vault-key-id\0').update(key).digest().subarray(0, ID_BYTES);
  }

  seal(scope: string, key: string, value: Uint8Array): Buffer {
    const iv = this.#nextIv();
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    cipher.setAAD(this.#place(scope, key));
    const body = Buffer.concat([cipher.update(value), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), this.#id, iv, body, cipher.getAuthTag()]);
  }

  /** From random bytes that are fetched for many at a time, and used once. */
  #nextIv(): Buffer {
    if (this.#ivs.length < IV_BYTES) this.#ivs = randomBytes(IV_BYTES * IVS_AT_ONCE);
    const iv = this.#ivs.subarray(0, IV_BYTES);
    this.#ivs = this.#ivs.subarray(IV_BYTES);
    return iv;
  }

  /** @throws VaultKeyError when sealed with another key, moved from another place, or changed */
  open(scope: string, key: string, sealed: Uint8Array): Buffer {
    const bytes = Buffer.from(sealed);
    const head = 1 + ID_BYTES + IV_BYTES;
    if (bytes.length < head + TAG_BYTES || bytes[0] !== VERSION) throw new VaultKeyError('A sealed value is damaged.');
    if (!bytes.subarray(1, 1 + ID_BYTES).equals(this.#id)) {
      throw new VaultKeyError('The vault key is not the one this database was sealed with: check secrets.vaultKey.');
    }
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(1 + ID_BYTES, head));
    decipher.setAAD(this.#place(scope, key));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(head, -TAG_BYTES)), decipher.final()]);
    } catch {
      throw new VaultKeyError('A sealed value was changed or moved from its place.');
    }
  }

  #place(scope: string, key: string): Buffer {
    return Buffer.concat([Buffer.of(VERSION), this.#id, Buffer.from(JSON.stringify(['vault', scope, key]))]);
  }
}

export class PostgresVault implements Vault {
  readonly #db: Db;
  readonly #seal: Seal;

  constructor(db: Db, seal: Seal) {
    this.#db = db;
    this.#seal = seal;
  }

  /** First start writes the check value; later starts must open it. @throws VaultKeyError */
  async check(): Promise<void> {
    const sealed = this.#seal.seal(CHECK.scope, CHECK.key, Buffer.from(CHECK_VALUE));
    await this.#db.sync.query('insert into vault (scope, key, sealed) values ($1, $2, $3) on conflict do nothing', [
      CHECK.scope,
      CHECK.key,
      sealed,
    ]);
    await this.read(CHECK.scope, CHECK.key);
  }

  async read(scope: string, key: string): Promise<Uint8Array | undefined> {
    const { rows } = await guarded('vault', () =>
      this.#db.sync.query<{ sealed: Buffer }>({
        name: 'vault-read',
        text: 'select sealed from vault where scope = $1 and key = $2',
        values: [scope, key],
      }),
    );
    const row = rows[0];
    return row === undefined ? undefined : this.#seal.open(scope, key, row.sealed);
  }

  async readAll(scope: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const { rows } = await guarded('vault', () =>
      this.#db.sync.query<{ key: string; sealed: Buffer }>('select key, sealed from vault where scope = $1', [scope]),
    );
    return new Map(rows.map((row) => [row.key, this.#seal.open(scope, row.key, row.sealed)]));
  }

  async write(changes: readonly VaultChange[], fence?: Fence): Promise<void> {
    if (changes.length === 0) return;
    await guarded('vault', () =>
      this.#db.sync.query({
        name: 'accept',
        text: acceptSql,
        values: acceptValues([], undefined, this.sealed(changes), fence === undefined ? [] : [fence]),
      }),
    );
  }

  async update(
    scope: string,
    key: string,
    change: (before: Uint8Array | undefined) => Uint8Array | null,
  ): Promise<Uint8Array | undefined> {
    return await guarded('vault', () =>
      transaction(this.#db.sync, async (client) => {
        // There may be no row yet that could be locked.
        const place = JSON.stringify(['vault', scope, key]);
        await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [place]);
        const { rows } = await client.query<{ sealed: Buffer }>(
          'select sealed from vault where scope = $1 and key = $2',
          [scope, key],
        );
        const before = rows[0] === undefined ? undefined : this.#seal.open(scope, key, rows[0].sealed);
        const value = change(before);
        await client.query(acceptSql, acceptValues([], undefined, this.sealed([{ scope, key, value }]), []));
        return value ?? undefined;
      }),
    );
  }

  async forget(scope: string): Promise<void> {
    await guarded('vault', () => this.#db.sync.query('delete from vault where scope = $1', [scope]));
  }

  /** The changes as the database takes them. @throws RefusedError for what cannot be sealed */
  sealed(changes: readonly VaultChange[]): readonly SealedChange[] {
    return writtenOut('vault', () =>
      changes.map(({ scope, key, value }) => ({
        scope,
        key,
        sealed: value === null ? null : this.#seal.seal(scope, key, value),
      })),
    );
  }
}
