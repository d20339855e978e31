// The rules that the configuration file lays down, as the rule model has them; knows no judgement.
import { createHash } from 'node:crypto';
import { as, type NetworkId } from '../model/ids.ts';
import type { Rule } from '../model/rules.ts';
import type { Config, RuleSetting } from './schema.ts';

const LAST_MS_OF_DAY = 24 * 60 * 60 * 1000 - 1;

/** Read-only to commands. Administrators become rules too: allow `administer`. */
export function fileRules(config: Config): readonly Rule[] {
  const madeAt = config.source.readAt;
  const first = config.administrators.map((user): Rule =>
    fromFile({ effect: 'allow', action: 'administer', user, madeAt }),
  );
  const written = config.rules.map((rule): Rule => fromFile({ ...partsOf(rule), madeAt }));
  return [...first, ...written];
}

type Parts = Omit<Rule, 'id' | 'source' | 'by'>;

/** The same text keeps the same id over restarts; two equal rules are one. */
function fromFile(parts: Parts): Rule {
  const identity = JSON.stringify(Object.entries({ ...parts, madeAt: 0 }).sort(([a], [b]) => (a < b ? -1 : 1)));
  const id = `file-${createHash('sha256').update(identity).digest('hex').slice(0, 10)}`;
  return { ...parts, id, source: 'file', by: 'file' };
}

function partsOf(rule: RuleSetting): Omit<Parts, 'madeAt'> {
  const { allow, deny, user, network, chat, reason, from, until } = rule;
  return {
    effect: deny === undefined ? 'allow' : 'deny',
    action: deny ?? allow ?? 'any',
    ...(user === undefined ? {} : { user }),
    ...(network === undefined ? {} : { network: as<NetworkId>(network) }),
    ...(chat === undefined ? {} : { chat }),
    ...(reason === undefined ? {} : { reason }),
    ...(from === undefined ? {} : { notBefore: Date.parse(from) }),
    ...(until === undefined ? {} : { expiresAt: endOf(until) }),
  };
}

/** A bare date means the whole of that day (UTC). */
function endOf(moment: string): number {
  const at = Date.parse(moment);
  return moment.includes('T') ? at : at + LAST_MS_OF_DAY;
}
