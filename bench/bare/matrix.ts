// The limit to-matrix: the least that sends messages as ghosts with their device, and waits for each answer. Knows no bridge.
import { randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { loops, serve } from './lines.ts';

export interface MatrixQuestion {
  readonly url: string;
  readonly token: string;
  readonly device: string;
  readonly chats: readonly { readonly room: string; readonly ghost: string }[];
  readonly words: string;
  readonly warmMs: number;
  readonly ms: number;
}

let pool: Pool | undefined;
let serial = 0;
const run = randomBytes(6).toString('hex');

await serve<MatrixQuestion>(async ({ url, token, device, chats, words, warmMs, ms }) => {
  const client = (pool ??= new Pool(url, { connections: chats.length }));
  return await loops(chats, warmMs, ms, async ({ room, ghost }) => {
    serial += 1;
    const query = `user_id=${encodeURIComponent(ghost)}&device_id=${device}`;
    const answer = await client.request({
      method: 'PUT',
      path: `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${run}-${serial}?${query}`,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ msgtype: 'm.text', body: `bare-${serial} ${words}` }),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`the homeserver answered ${answer.statusCode}: ${text}`);
  });
});
await pool?.close();
