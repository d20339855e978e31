// The WhatsApp adapter: the one name the house sees of this folder.
import { createHash } from 'node:crypto';
import type { UserId } from '../../model/ids.ts';
import type { Puppet } from '../../model/records.ts';
import type { LoginProcess } from '../../ports/login.ts';
import {
  vaultScope,
  type AdapterContext,
  type Capabilities,
  type NetworkAdapter,
  type NetworkSession,
  type NetworkSink,
} from '../../ports/network.ts';
import { allCures, type Cures } from './cures.ts';
import { mendCurve } from './curve.ts';
import { Names, WHATSAPP } from './ids.ts';
import { loginFlows, WhatsAppLogin } from './login.ts';
import { DailyBudget, LINKS_A_DAY } from './budget.ts';
import { PACING_KEY } from './pacing.ts';
import { PeopleDesk } from './people-desk.ts';
import { contactIn, PHONE_KEY } from './phone-watch.ts';
import { WhatsAppSession } from './session.ts';
import type { WhatsAppSettings } from './settings.ts';
import { mendLibsignal } from './state/libsignal.ts';
import { undoDraft } from './undo.ts';
import { EDIT_WINDOW_MS, MAX_TEXT_UNITS, REMOVE_WINDOW_MS } from './write.ts';

export { settingsSchema, type WhatsAppSettings } from './settings.ts';

/** Only tests give these. */
export interface WhatsAppOptions {
  readonly cures?: Partial<Cures>;
  readonly paced?: boolean;
  readonly linksADay?: number;
  /** Deadlines in ms. */
  readonly ackMs?: number;
  readonly openMs?: number;
  readonly keepAliveMs?: number;
  readonly qrMs?: number;
}

export const capabilities: Capabilities = {
  actions: new Set([
    'send',
    'edit',
    'remove',
    'react',
    'rename',
    'set-topic',
    'set-picture',
    'set-mode',
    'set-role',
    'add',
    'expel',
    'set-timer',
    'leave',
  ]),
  marks: true,
  contacts: true,
  bodies: new Set(['text']),
  groupAsks: new Set(['list', 'inside', 'create', 'look', 'join', 'link', 'requests', 'answer']),
  maxTextUnits: MAX_TEXT_UNITS,
  rewords: true,
  editWindowMs: EDIT_WINDOW_MS,
  removeWindowMs: REMOVE_WINDOW_MS,
};

/** Of no login: how often each person linked an account today. */
const LINKS_SCOPE = 'whatsapp:links';
const ACK_MS = 20_000;
const OPEN_MS = 30_000;

export function createWhatsApp(
  settings: WhatsAppSettings,
  context: AdapterContext,
  options: WhatsAppOptions = {},
): NetworkAdapter {
  const cures = { ...allCures, ...options.cures };
  mendLibsignal(cures);
  mendCurve(cures);
  const { vault, clock, log } = context;
  const names = new Names(context.identityKey);
  const people = new PeopleDesk(vault, names);
  const sessions = new Set<NetworkSession>();
  const logins = new Set<LoginProcess>();
  const openMs = options.openMs ?? OPEN_MS;

  return {
    id: WHATSAPP,
    title: 'WhatsApp',
    prefix: 'wa',
    capabilities: settings.disappearing === 'remove' ? { ...capabilities, removesHere: true } : capabilities,
    loginFlows,
    loginsPerPerson: settings.loginsPerPerson,
    beginLogin(flow, owner, keep = async (changes) => await vault.write(changes)): LoginProcess {
      const login = new WhatsAppLogin({
        owner,
        flow,
        settings,
        people,
        cures,
        clock,
        log,
        openMs,
        keep,
        ...(options.qrMs === undefined ? {} : { qrMs: options.qrMs }),
        spend: async () => await spendLink(context, owner, options.linksADay ?? LINKS_A_DAY),
        spent: async (puppet) => await vault.read(vaultScope(puppet), PACING_KEY),
        closed: (ended) => logins.delete(ended),
      });
      logins.add(login);
      return login;
    },
    undoLogin: async (owner, stands) =>
      await undoDraft({ settings, cures, clock, log, openMs, vault, people }, owner, stands),
    openSession(puppet: Puppet, sink: NetworkSink): NetworkSession {
      const session = new WhatsAppSession({
        puppet,
        sink,
        vault,
        clock,
        log,
        cures,
        settings,
        names,
        people,
        paced: options.paced ?? true,
        ackMs: options.ackMs ?? ACK_MS,
        openMs,
        keepAliveMs: options.keepAliveMs,
        closed: (ended) => sessions.delete(ended),
      });
      sessions.add(session);
      return session;
    },
    lastContact: async (puppet) => contactIn(await vault.read(vaultScope(puppet), PHONE_KEY)),
    async close(): Promise<void> {
      await Promise.all([...logins].map(async (login) => await login.cancel()));
      await Promise.all([...sessions].map(async (session) => await session.disconnect()));
      logins.clear();
      sessions.clear();
    },
  };
}

/** Kept over restarts: WhatsApp restricts accounts that are linked again and again. */
async function spendLink({ vault, clock }: AdapterContext, owner: UserId, most: number): Promise<boolean> {
  const key = createHash('sha256').update('passerelle-whatsapp-links\0').update(owner).digest('base64url').slice(0, 22);
  const kept = await vault.read(LINKS_SCOPE, key);
  const budget = new DailyBudget(
    most,
    kept === undefined ? [] : (JSON.parse(Buffer.from(kept).toString()) as number[]),
  );
  const now = clock.now();
  if (budget.take(now) > now) return false;
  await vault.write([{ scope: LINKS_SCOPE, key, value: Buffer.from(JSON.stringify(budget.kept())) }]);
  return true;
}
