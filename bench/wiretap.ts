// What passes on one connection of HTTP/1.1 between a client and a homeserver, heard and left as it is. Knows the path of sends only.
import type { Socket } from 'node:net';
import { monotonic } from '../sandbox/tape.ts';

export interface WiretapEars {
  /** A message is sent: when its first bytes were there. */
  readonly sending?: ((text: string, at: number) => void) | undefined;
  /** The homeserver has taken a message. */
  readonly sent?: ((text: string) => void) | undefined;
}

interface Asked {
  /** When its first bytes came. */
  readonly at: number;
  /** Of a message alone its body is of interest. */
  readonly isMessage: boolean;
  /** Bytes of the body that have not come yet. */
  left: number;
}

const SEND = /^PUT \/_matrix\/client\/v3\/rooms\/[^/ ]+\/send\/m\.room\.message\//;
const LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding:/i;
const HEAD_END = Buffer.from('\r\n\r\n');
const TAKEN = 'HTTP/1.1 200 ';

/**
 * Listens on `client`, whose requests go to `homeserver` one after the other (a client of HTTP/1.1 that does not pipeline, as all of
 * ours). A request that says no length ends the connection: nothing would be heard behind it.
 * @param ears asked at each message, since they change
 */
export function wiretap(client: Socket, homeserver: Socket, ears: () => WiretapEars): void {
  let kept: Buffer[] = [];
  let asked: Asked | undefined;
  /** What the homeserver has been sent and has not begun to answer. */
  let unanswered: string | undefined;

  const begun = (bytes: Buffer, at: number): void => {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      kept = [bytes];
      return;
    }
    const head = bytes.toString('latin1', 0, end);
    if (CHUNKED.test(head)) {
      client.destroy(new Error('the relay of the bench hears only requests that say their length'));
      return;
    }
    asked = { at, isMessage: SEND.test(head), left: Number(LENGTH.exec(head)?.[1] ?? 0) };
    kept = [];
    more(bytes.subarray(end + HEAD_END.length));
  };

  const more = (bytes: Buffer): void => {
    if (asked === undefined) return;
    if (asked.isMessage) kept.push(bytes);
    asked.left -= bytes.length;
    if (asked.left > 0) return;
    if (asked.isMessage) {
      unanswered = textIn(Buffer.concat(kept));
      if (unanswered !== undefined) ears().sending?.(unanswered, asked.at);
    }
    asked = undefined;
    kept = [];
  };

  let since = 0;
  client.on('data', (bytes: Buffer) => {
    if (asked !== undefined) {
      more(bytes);
      return;
    }
    if (kept.length === 0) since = monotonic();
    begun(kept.length === 0 ? bytes : Buffer.concat([...kept, bytes]), since);
  });
  homeserver.on('data', (bytes: Buffer) => {
    const text = unanswered;
    unanswered = undefined;
    if (text !== undefined && bytes.toString('latin1', 0, TAKEN.length) === TAKEN) ears().sent?.(text);
  });
}

function textIn(body: Buffer): string | undefined {
  const { body: text } = JSON.parse(body.toString()) as { readonly body?: unknown };
  return typeof text === 'string' ? text : undefined;
}
