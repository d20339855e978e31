// `npm run sandbox` on the homeserver double: the transcript, the time after it, its end in every way, and its exit codes.
import { afterEach, describe, expect, test } from '@jest/globals';
import { linesOf, SandboxRun } from './support.ts';

const LIMIT_MS = 180_000;
const runs: SandboxRun[] = [];

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): SandboxRun {
  const one = new SandboxRun(['--homeserver', 'double', ...args], environment);
  runs.push(one);
  return one;
}

afterEach(async () => {
  for (const one of runs.splice(0)) await one.clean();
});

async function ask(url: string, path: string, token?: string, body?: unknown, method = 'POST'): Promise<Answer> {
  const answer = await fetch(`${url}/_matrix/client/v3${path}`, {
    method: body === undefined ? 'GET' : method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Answer;
}

interface Answer {
  readonly access_token?: string;
  readonly joined_rooms?: readonly string[];
  readonly chunk?: readonly { readonly content: { readonly body?: string } }[];
}

describe('npm run sandbox', () => {
  test(
    'plays a conversation that crosses both ways, in French throughout, and ends with 0 and nothing left behind',
    async () => {
      const sandbox = run(['--once', '--lang', 'fr']);
      const code = await sandbox.ended;
      expect(sandbox.output).toMatch(/\n(\d+) messages sur \1 sont passés/);
      expect(code).toBe(0);
      const { arrived } = linesOf(sandbox.output);
      expect(arrived.filter((line) => line.startsWith('→ Matrix')).length).toBeGreaterThanOrEqual(5);
      expect(arrived.filter((line) => line.startsWith('→ Telegram')).length).toBeGreaterThanOrEqual(3);
      expect(sandbox.output).toMatch(/le robot +Vous êtes connecté à Telegram/);
      expect(sandbox.left()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'ends with 1 and names the line when something did not cross as it should',
    async () => {
      // Settings of the environment win over the configuration that the sandbox wrote.
      const sandbox = run(['--once'], { PASSERELLE_DOUBLE_PUPPET__ENABLED: 'false' });
      expect(await sandbox.ended).toBe(1);
      expect(sandbox.output).toMatch(/This did not cross: And this I write from my telephone/);
      expect(sandbox.left()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'stays up: what is typed arrives in Matrix, what is written there is shown, a signal ends everything',
    async () => {
      const sandbox = run([]);
      const [, url = ''] = await sandbox.prints(/homeserver +(http:\/\/127\.0\.0\.1:\d+)/);
      const [, password = ''] = await sandbox.prints(/@camille:sandbox\.test +(\S+)/);
      await sandbox.prints(/\n(\d+) of \1 crossed/);
      await sandbox.prints(/\/quit/);
      const identifier = { type: 'm.id.user', user: 'camille' };
      const login = { type: 'm.login.password', identifier, password };
      const { access_token: token } = await ask(url, '/login', undefined, login);
      const { joined_rooms: rooms = [] } = await ask(url, '/joined_rooms', token);
      expect(rooms).toHaveLength(3);

      sandbox.type('typed by the newcomer');
      const told = async (): Promise<boolean> => {
        const read = rooms.map(
          async (room) => await ask(url, `/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=20`, token),
        );
        const bodies = (await Promise.all(read)).flatMap(({ chunk = [] }) => chunk.map(({ content }) => content.body));
        return bodies.includes('typed by the newcomer');
      };
      while (!(await told())) await new Promise((resolve) => setTimeout(resolve, 100));

      for (const room of rooms) {
        const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/1`;
        await ask(url, path, token, { msgtype: 'm.text', body: 'from another client' }, 'PUT');
      }
      await sandbox.prints(/Telegram +Camille → Noor +from another client/);
      await sandbox.prints(/Telegram +Camille → Yann +from another client/);
      sandbox.type('/as nobody');
      await sandbox.prints(/There is no nobody here\. There are: Noor, Yann/);

      sandbox.child.kill('SIGINT');
      expect(await sandbox.ended).toBe(0);
      expect(sandbox.left()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'leaves nothing running when it is killed in the middle',
    async () => {
      const sandbox = run([]);
      await sandbox.prints(/Camille Aubry +login telegram phone/);
      const left = sandbox.left();
      expect(left.some((line) => line.includes('src/main.ts run'))).toBe(true);
      sandbox.child.kill('SIGKILL');
      await sandbox.gone();
      expect(sandbox.left()).toEqual([]);
    },
    LIMIT_MS,
  );

  test('says what it understands when it is asked for something else', async () => {
    const sandbox = new SandboxRun(['--homeserver', 'dendrite']);
    runs.push(sandbox);
    expect(await sandbox.ended).toBe(2);
    expect(sandbox.output).toContain('--homeserver is synapse or double, not "dendrite".');
  });
});
