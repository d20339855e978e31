// What a refused person is told: the rule's own reason, else that a rule forbids it, else that none allows it.
import type { Facts, Verdict } from '../model/rules.ts';
import { say, type Say } from '../model/say.ts';
import { allowanceFor } from './rule-text.ts';

/** @param network the network's title */
export function loginRefusal(verdict: Verdict, network: string): Say {
  const [rule] = verdict.because;
  if (rule === undefined) return say('policy.login-denied-default', { network });
  if (rule.reason === undefined) return say('policy.login-denied-plain', { network });
  return say('policy.login-denied', { network, reason: rule.reason });
}

export function chatRefusal(verdict: Verdict): Say {
  const [rule] = verdict.because;
  if (rule === undefined) return say('chat.denied-default');
  if (rule.reason === undefined) return say('chat.denied-plain');
  return say('chat.denied', { reason: rule.reason });
}

/** Why nobody new may be written to. @param asked an administrator may allow that much @param network the network's title */
export function startRefusal(verdict: Verdict, asked: Facts, network: string): Say {
  const [rule] = verdict.because;
  if (rule === undefined) return say('policy.start-denied-default', { network, rule: allowanceFor(asked) });
  if (rule.reason === undefined) return say('policy.start-denied-plain', { network });
  return say('policy.start-denied', { network, reason: rule.reason });
}

/** Why what is said over there is not brought. @param network the network's title @param chat its name */
export function inboundRefusal(verdict: Verdict, network: string, chat: string): Say {
  const [rule] = verdict.because;
  if (rule === undefined) return say('policy.inbound-denied-default', { network, chat });
  if (rule.reason === undefined) return say('policy.inbound-denied-plain', { network, chat });
  return say('policy.inbound-denied', { network, chat, reason: rule.reason });
}
