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
  readonly room_id?: string;
  readonly chunk?: readonly { readonly content: { readonly body?: string } }[];
}

describe('npm run sandbox', () => {
  test(
    'plays a conversation that crosses both ways and takes what a pipe says, in French throughout, and ends with 0 and nothing left',
    async () => {
      const sandbox = run(['--lang', 'fr']);
      for (const line of ['deux fois', 'deux fois', '/edit trois fois', '/undo', '/phone du téléphone'])
        sandbox.type(line);
      for (const line of ['/as malo', 'premier mot']) sandbox.type(line);
      sandbox.child.stdin?.end();
      const code = await sandbox.ended;
      expect(sandbox.output).toMatch(/\n(\d+) messages sur \1 sont passés/);
      expect(code).toBe(0);
      const { arrived } = linesOf(sandbox.output);
      expect(arrived.filter((line) => line.startsWith('→ Matrix')).length).toBeGreaterThanOrEqual(11);
      expect(arrived.filter((line) => line.startsWith('→ Telegram')).length).toBeGreaterThanOrEqual(5);
      expect(arrived.filter((line) => line.startsWith('→ WhatsApp')).length).toBeGreaterThanOrEqual(4);
      expect(sandbox.output).toMatch(/le robot +Vous êtes connecté à Telegram/);
      const played = sandbox.output.slice(sandbox.output.indexOf('/quit')).replaceAll(/ {2,}/g, '  ');
      for (const line of ['deux fois', 'trois fois [corrigé]', '[supprimé]']) {
        expect(played).toContain(`Telegram  Noor → Camille  ${line}\n`);
        expect(played).toContain(`→ Matrix  Noor Haddad (Telegram)  ${line}  ✓ `);
      }
      expect(played.split('(Telegram)  deux fois  ✓')).toHaveLength(3);
      expect(played).toContain('Telegram  Camille 📱 → Noor  du téléphone\n');
      expect(played).toContain('→ Telegram  Camille → Noor  du téléphone  ✓ ');
      expect(played).toContain('→ Matrix  Camille Aubry  du téléphone  ✓ ');
      expect(played).toContain('(Camille Aubry est invitée dans un salon, et y entre)\n');
      expect(played).toContain('→ Matrix  Malo Guivarch (WhatsApp)  premier mot  ✓ ');
      expect(sandbox.left()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'ends with 1 and names the line of each network that did not cross as it should',
    async () => {
      // Settings of the environment win over the configuration that the sandbox wrote.
      const sandbox = run(['--once'], { PASSERELLE_DOUBLE_PUPPET__ENABLED: 'false' });
      expect(await sandbox.ended).toBe(1);
      for (const network of ['Telegram', 'WhatsApp']) {
        expect(sandbox.output).toContain(
          `This did not cross: And this I write from my telephone, in the ${network} app.`,
        );
      }
      expect(sandbox.output).not.toMatch(/\d of \d+ crossed/);
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
      expect(rooms).toHaveLength(4);

      sandbox.type('typed by the newcomer');
      // Not everybody's keyboard has every letter.
      sandbox.type('/as ines');
      sandbox.type('typed on WhatsApp');
      const told = async (): Promise<boolean> => {
        const read = rooms.map(
          async (room) => await ask(url, `/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=20`, token),
        );
        const bodies = (await Promise.all(read)).flatMap(({ chunk = [] }) => chunk.map(({ content }) => content.body));
        return ['typed by the newcomer', 'typed on WhatsApp'].every((text) => bodies.includes(text));
      };
      while (!(await told())) await new Promise((resolve) => setTimeout(resolve, 100));
      await sandbox.prints(/→ Matrix +Noor Haddad \(Telegram\) +typed by the newcomer +✓/);
      await sandbox.prints(/→ Matrix +Inès Moreau \(WhatsApp\) +typed on WhatsApp +✓/);
      // Who has a client of their own wants to accept it there.
      sandbox.type('/as malo');
      sandbox.type('first word');
      await sandbox.prints(/\(an invitation to the room with Malo Guivarch waits in Matrix/);
      expect((await ask(url, '/joined_rooms', token)).joined_rooms).toHaveLength(4);

      for (const room of rooms) {
        const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/1`;
        await ask(url, path, token, { msgtype: 'm.text', body: 'from another client' }, 'PUT');
      }
      await sandbox.prints(/Telegram +Camille → Noor +from another client/);
      await sandbox.prints(/Telegram +Camille → Yann +from another client/);
      await sandbox.prints(/WhatsApp +Camille → Inès +from another client/);
      sandbox.type('/as nobody');
      await sandbox.prints(/There is no nobody here\. There are: Noor, Yann, Inès, Malo/);

      sandbox.child.kill('SIGINT');
      expect(await sandbox.ended).toBe(0);
      expect(sandbox.left()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'lets the second person link WhatsApp: their telephone scans what the bot shows them',
    async () => {
      const sandbox = run([]);
      const [, url = ''] = await sandbox.prints(/homeserver +(http:\/\/127\.0\.0\.1:\d+)/);
      const [, password = '', phone = ''] = await sandbox.prints(/@dominique:sandbox\.test +(\S+) +\S+ +\+(\d+)/);
      await sandbox.prints(/\/quit/);
      sandbox.type('/to Dominique');
      sandbox.type('typed too early');
      await sandbox.prints(/Dominique Leroy is not signed in to Telegram, .* write “login telegram phone” to the bot/);
      sandbox.type('/link');
      await sandbox.prints(/The bot has not shown Dominique Leroy a code/);

      const identifier = { type: 'm.id.user', user: 'dominique' };
      const login = { type: 'm.login.password', identifier, password };
      const { access_token: token } = await ask(url, '/login', undefined, login);
      const invite = { invite: ['@passerelle:sandbox.test'], is_direct: true };
      const { room_id: room = '' } = await ask(url, '/createRoom', token, invite);
      const said = async (words: string): Promise<void> => {
        const path = `/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=20`;
        const found = async (): Promise<boolean> =>
          (await ask(url, path, token)).chunk?.some(({ content }) => content.body?.includes(words)) === true;
        while (!(await found())) await new Promise((resolve) => setTimeout(resolve, 100));
      };
      await said('help');
      const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/1`;
      await ask(url, path, token, { msgtype: 'm.text', body: 'login whatsapp' }, 'PUT');
      await said('linked_devices');
      sandbox.type('/link');
      await sandbox.prints(/The telephone of Dominique Leroy has linked the bridge/);
      await said(`+${phone}`);
      sandbox.type('/quit');
      // Not everything that was typed has crossed.
      expect(await sandbox.ended).toBe(1);
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
