// One request of a person's client to the client API, and the content of an edit as clients write it. It must not know any bridge.

export interface Asked {
  /** The homeserver's, without a path. */
  readonly url: string;
  readonly token: string;
  readonly method: string;
  /** Behind /_matrix/client/v3, parts encoded. */
  readonly path: string;
  readonly body?: unknown;
  /** Gives up after a minute when absent. */
  readonly signal?: AbortSignal;
}

const LIMIT_MS = 60_000;

/** @throws Error with the beginning of the answer when it is a refusal */
export async function askHomeserver(asked: Asked): Promise<Record<string, unknown>> {
  const { url, token, method, path, body, signal = AbortSignal.timeout(LIMIT_MS) } = asked;
  const answer = await fetch(`${url}/_matrix/client/v3${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path.split('?')[0]} answered ${answer.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as Record<string, unknown>;
}

export function editContent(event: string, body: string): Record<string, unknown> {
  return {
    msgtype: 'm.text',
    body: `* ${body}`,
    'm.new_content': { msgtype: 'm.text', body },
    'm.relates_to': { rel_type: 'm.replace', event_id: event },
  };
}
