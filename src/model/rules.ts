// The rule model (operators.md 3.2 is its source): data only; policy/decide.ts judges.
import type { NetworkId, UserId } from './ids.ts';

export type RuleEffect = 'allow' | 'deny';
export const RULE_ACTIONS = ['login', 'bridge', 'start-chat', 'administer'] as const;
export type RuleAction = (typeof RULE_ACTIONS)[number];

/**
 * `user` and `chat` are patterns: exact, or a glob with `*`. `user` also takes a bare server name prefixed with `:`
 * (for example `:agency.fr`). `chat` patterns match what the network's adapter offers as facts (`direct:*`,
 * `group:<id>`, `phone:+33*`, `username:name`). An absent field matches everything.
 */
export interface Rule {
  readonly id: string;
  readonly effect: RuleEffect;
  readonly action: RuleAction | 'any';
  readonly user?: string;
  readonly network?: NetworkId;
  readonly chat?: string;
  readonly reason?: string;
  /** Epoch ms. Expired is the same as absent. */
  readonly notBefore?: number;
  readonly expiresAt?: number;
  readonly source: 'file' | 'command';
  readonly by: UserId | 'file';
  /** Epoch ms. */
  readonly madeAt: number;
}

/** What is asked: may `user` do `action`, on `network`, in a chat known under any of `chats`. */
export interface Facts {
  readonly action: RuleAction;
  readonly user: UserId;
  readonly network?: NetworkId;
  readonly chats?: readonly string[];
}

export interface Verdict {
  readonly effect: RuleEffect;
  /** The rules that decided; empty for the default denial. */
  readonly because: readonly Rule[];
}
