// Which Matrix events people mean for others although no network is given them yet, by what they are called; knows neither wire nor queue.

const KINDS: Readonly<Record<string, string>> = {
  'm.poll.start': 'kind.poll',
  'm.poll.response': 'kind.poll',
  'm.poll.end': 'kind.poll',
  'org.matrix.msc3381.poll.start': 'kind.poll',
  'org.matrix.msc3381.poll.response': 'kind.poll',
  'org.matrix.msc3381.poll.end': 'kind.poll',
  'm.call.invite': 'kind.call',
};

/** Where a live location begins (MSC3672): told once; the ticks that follow (`m.beacon`) say nothing new. */
const LIVE_LOCATION = new Set(['m.beacon_info', 'org.matrix.msc3672.beacon_info']);

/** Clients among themselves: how a call is set up, keys are compared, or software keeps its notes. */
const PLUMBING =
  /^(?:m\.call|m\.key\.verification|m\.beacon|org\.matrix\.msc3672\.beacon|fr\.passerelle|io\.element)(?:\.|$)/;

/** Where an event of whatever type keeps its words for people (MSC1767, spec: fallback text). */
const WORDS = ['body', 'm.text', 'org.matrix.msc1767.text', 'org.matrix.msc1767.message'];

/**
 * The catalogue's word (`kind.poll` …) for an event that its author must be told about, if it is one.
 * @param event as it came; what the bridge carries by its type (messages, reactions …) is not for here
 */
export function unbridgedKind(event: Readonly<Record<string, unknown>>): string | undefined {
  const { type, content, state_key: state } = event;
  if (typeof type !== 'string' || typeof content !== 'object' || content === null) return undefined;
  const has = (name: string): unknown => Reflect.get(content, name) as unknown;
  if (LIVE_LOCATION.has(type)) return state !== undefined && has('live') === true ? 'kind.location' : undefined;
  // State is how a room is; without content it was redacted, and nothing is left to miss.
  if (state !== undefined || Object.keys(content).length === 0) return undefined;
  if (Object.hasOwn(KINDS, type)) return KINDS[type];
  if (PLUMBING.test(type)) return undefined;
  return WORDS.some((name) => isWords(has(name))) ? 'kind.other' : undefined;
}

function isWords(value: unknown): boolean {
  return (typeof value === 'string' || Array.isArray(value)) && value.length > 0;
}
