// The push rules of people: what every client asks for at its start, and what they add; nothing here is ever pushed.
import type { Bus } from './bus.ts';
import { isObject, MatrixError, notFound, textAt, type Json } from './json.ts';
import type { Requester } from './requester.ts';
import type { Rooms } from './rooms.ts';
import type { World } from './world.ts';

/** Where the rules stand in people's account data. */
export const PUSH_RULES = 'm.push_rules';

/** In the order in which they are tried (client API, "Push rules"). */
const KINDS = ['override', 'content', 'room', 'sender', 'underride'] as const;
type Kind = (typeof KINDS)[number];

/** Clients only need the shape and one rule of each kind they look for. */
const DEFAULTS: Readonly<Partial<Record<Kind, readonly Json[]>>> = {
  override: [
    { rule_id: '.m.rule.master', default: true, enabled: false, conditions: [], actions: [] },
    {
      rule_id: '.m.rule.invite_for_me',
      default: true,
      enabled: true,
      conditions: [
        { kind: 'event_match', key: 'type', pattern: 'm.room.member' },
        { kind: 'event_match', key: 'content.membership', pattern: 'invite' },
      ],
      actions: ['notify'],
    },
  ],
  underride: [
    {
      rule_id: '.m.rule.message',
      default: true,
      enabled: true,
      conditions: [{ kind: 'event_match', key: 'type', pattern: 'm.room.message' }],
      actions: ['notify'],
    },
  ],
};

export class PushRules {
  readonly #world: World;
  readonly #rooms: Rooms;
  readonly #bus: Bus;

  constructor(world: World, rooms: Rooms, bus: Bus) {
    this.#world = world;
    this.#rooms = rooms;
    this.#bus = bus;
  }

  of(userId: string): Json {
    const own = this.#own(userId);
    return { global: Object.fromEntries(KINDS.map((kind) => [kind, [...own[kind], ...(DEFAULTS[kind] ?? [])]])) };
  }

  find(userId: string, kind: string, ruleId: string): Json {
    const rules = [...this.#own(userId)[kindOf(kind)], ...(DEFAULTS[kindOf(kind)] ?? [])];
    const found = rules.find((rule) => rule['rule_id'] === ruleId);
    if (found === undefined) throw notFound('Not found');
    return found;
  }

  put({ userId }: Requester, kind: string, ruleId: string, body: Json): void {
    const place = kindOf(kind);
    if (ruleId.startsWith('.')) throw new MatrixError(400, 'M_UNKNOWN', "cannot add new rule_ids that start with '.'");
    const { actions } = body;
    if (!Array.isArray(actions)) throw new MatrixError(400, 'M_UNKNOWN', 'No actions found');
    for (const action of actions as readonly unknown[]) {
      if (isObject(action) && 'set_tweak' in action) continue;
      if (action === 'notify' || action === 'dont_notify' || action === 'coalesce') continue;
      throw new MatrixError(400, 'M_UNKNOWN', `Unrecognised action ${JSON.stringify(action)}`);
    }
    const rule = { rule_id: ruleId, default: false, enabled: true, actions, ...matching(place, body) };
    const others = this.#own(userId)[place].filter((one) => one['rule_id'] !== ruleId);
    this.#write(userId, place, [rule, ...others]);
  }

  remove({ userId }: Requester, kind: string, ruleId: string): void {
    const place = kindOf(kind);
    const rules = this.#own(userId)[place];
    if (!rules.some((rule) => rule['rule_id'] === ruleId)) throw notFound('Not found');
    this.#write(
      userId,
      place,
      rules.filter((rule) => rule['rule_id'] !== ruleId),
    );
  }

  #own(userId: string): Readonly<Record<Kind, readonly Json[]>> {
    const kept = this.#world.users.get(userId)?.pushRules;
    const rules = KINDS.map((kind) => [kind, kept?.get(kind) ?? []] as const);
    return Object.fromEntries(rules) as Record<Kind, readonly Json[]>;
  }

  #write(userId: string, kind: Kind, rules: readonly Json[]): void {
    const user = this.#rooms.user(userId);
    user.pushRules.set(kind, rules);
    const content = this.of(userId);
    user.accountData.set(`\0${PUSH_RULES}`, { roomId: '', type: PUSH_RULES, content, stream: this.#world.next() });
    this.#bus.wake();
  }
}

function kindOf(text: string): Kind {
  const kind = KINDS.find((one) => one === text);
  if (kind === undefined) throw new MatrixError(404, 'M_UNRECOGNIZED', 'Unrecognized request');
  return kind;
}

/** What the rule is about, besides what its id says. */
function matching(kind: Kind, body: Json): Json {
  if (kind === 'room' || kind === 'sender') return {};
  if (kind !== 'content') {
    const { conditions } = body;
    if (!Array.isArray(conditions)) throw new MatrixError(400, 'M_UNKNOWN', "Missing 'conditions'");
    return { conditions };
  }
  const pattern = textAt(body, 'pattern');
  if (pattern === undefined) throw new MatrixError(400, 'M_UNKNOWN', "Content rule missing 'pattern'");
  return { pattern };
}
