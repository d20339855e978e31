// Writes the configuration of a sandbox Synapse: loopback only, no limits, no federation; it must not know who uses it.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SHARED_SECRET } from './accounts.ts';
import type { HomeserverSettings } from './types.ts';

export interface SynapseConfig extends HomeserverSettings {
  readonly dir: string;
  readonly serverName: string;
  readonly port: number;
  readonly roomVersion: string;
  readonly registrations: readonly string[];
}

const FAST = { per_second: 10_000, burst_count: 10_000 };

const ACCESS_RULES = {
  module: 'room_access_rules.RoomAccessRules',
  // The identity server is asked about invitations by e-mail only.
  config: { id_server: 'identity.test', domains_forbidden_when_restricted: ['externe.test'] },
};

/** Files inside `dir`: homeserver.yaml (JSON is YAML), log.yaml, signing.key. Returns the path of the first. */
export function writeSynapseConfig(config: SynapseConfig): string {
  const dir = resolve(config.dir);
  mkdirSync(dir, { recursive: true });
  const key = join(dir, 'signing.key');
  // The format of signedjson: algorithm, version, unpadded base64 of the 32 byte seed.
  if (!existsSync(key)) {
    writeFileSync(key, `ed25519 a_box1 ${randomBytes(32).toString('base64').replaceAll('=', '')}\n`, { mode: 0o600 });
  }
  const settings = {
    server_name: config.serverName,
    pid_file: join(dir, 'synapse.pid'),
    public_baseurl: `http://127.0.0.1:${config.port}/`,
    listeners: [
      {
        port: config.port,
        type: 'http',
        bind_addresses: ['127.0.0.1'],
        tls: false,
        x_forwarded: false,
        resources: [{ names: ['client', 'openid'], compress: false }],
      },
    ],
    database: { name: 'sqlite3', args: { database: databaseFile(dir) } },
    log_config: join(dir, 'log.yaml'),
    media_store_path: join(dir, 'media'),
    signing_key_path: key,
    trusted_key_servers: [],
    federation_domain_whitelist: [],
    report_stats: false,
    registration_shared_secret: SHARED_SECRET,
    macaroon_secret_key: 'sandbox-macaroon',
    form_secret: 'sandbox-form',
    enable_registration: false,
    // People of the sandbox share one cheap password hash: bcrypt at 12 rounds costs 0.3 s each.
    bcrypt_rounds: 4,
    app_service_config_files: config.registrations.map((path) => resolve(path)),
    presence: { enabled: config.presence === true },
    // Without this a fresh database spends its first minute on updates, one a second.
    background_updates: { sleep_enabled: false },
    default_room_version: config.roomVersion,
    url_preview_enabled: false,
    ...(config.encryptByDefault === true ? { encryption_enabled_by_default_for_room_type: 'all' } : {}),
    ...(config.accessRules === true ? { modules: [ACCESS_RULES] } : {}),
    max_upload_size: '200M',
    event_cache_size: '100K',
    caches: { global_factor: 2 },
    rc_message: FAST,
    rc_registration: FAST,
    rc_login: { address: FAST, account: FAST, failed_attempts: FAST },
    rc_joins: { local: FAST, remote: FAST },
    rc_joins_per_room: FAST,
    rc_invites: { per_room: FAST, per_user: FAST, per_issuer: FAST },
    rc_room_creation: FAST,
    rc_media_create: FAST,
    rc_admin_redaction: FAST,
    ...(config.presence === true ? {} : { rc_presence: { per_user: FAST } }),
  };
  const log = {
    version: 1,
    formatters: { line: { format: '%(asctime)s %(levelname)s %(name)s %(message)s' } },
    handlers: { file: { class: 'logging.FileHandler', filename: join(dir, 'synapse.log'), formatter: 'line' } },
    root: { level: 'WARNING', handlers: ['file'] },
    loggers: { 'synapse.appservice': { level: 'INFO' } },
    disable_existing_loggers: false,
  };
  writeFileSync(join(dir, 'log.yaml'), JSON.stringify(log, null, 2));
  const file = join(dir, 'homeserver.yaml');
  writeFileSync(file, JSON.stringify(settings, null, 2), { mode: 0o600 });
  return file;
}

/** The SQLite file of a Synapse living in `dir`. */
export function databaseFile(dir: string): string {
  return join(resolve(dir), 'homeserver.db');
}
