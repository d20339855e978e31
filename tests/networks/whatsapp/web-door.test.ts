// Whatever WhatsApp or people point at, the library asks WhatsApp's own hosts and no other; beside a simulator, this machine alone.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WhatsAppSandbox } from '../../../sandbox/whatsapp/control-client.ts';
import { webCertificate } from '../../../sandbox/whatsapp/web/certificate.ts';
import { WebHost } from '../../../sandbox/whatsapp/web/host.ts';
import { DoorShut, mayAsk, WebDoor } from '../../../src/networks/whatsapp/web-door.ts';

const PROGRAM = join(import.meta.dirname, 'support', 'asked-hosts.ts');

describe('whom it may ask', () => {
  test.each(['mmg.whatsapp.net', 'pps.whatsapp.net', 'media-cdg4-1.cdn.whatsapp.net'])('%s, by https alone', (host) => {
    expect(mayAsk(host, 443, true, false)).toBe(true);
    expect(mayAsk(host, 80, false, false)).toBe(false);
    expect(mayAsk(host, 8443, true, false)).toBe(false);
    expect(mayAsk(host, 443, true, true)).toBe(false);
  });

  test.each([
    'whatsapp.net',
    'web.whatsapp.com',
    'mmg.whatsapp.net.example.org',
    'xwhatsapp.net',
    'example.org',
    '127.0.0.1',
    'localhost',
    '[::1]',
    '10.0.0.1',
    '',
  ])('not %j', (host) => {
    expect(mayAsk(host, 443, true, false)).toBe(false);
  });

  test.each(['127.0.0.1', 'localhost', '[::1]', '::1'])('beside a simulator only this machine: %s', (host) => {
    expect(mayAsk(host, 8080, false, true)).toBe(true);
  });
});

describe('the door', () => {
  /** Node's own fetch lives in another realm than the test. */
  async function whyNot(fetching: Promise<Response>): Promise<string> {
    return await fetching.then(
      () => 'answered',
      (error: unknown) => String((error as Error).cause),
    );
  }

  test.each([
    [true, 'https://mmg.whatsapp.net/x'],
    [true, 'http://192.0.2.1/x'],
    [false, 'https://example.org/x'],
    [false, 'http://mmg.whatsapp.net/x'],
  ])('beside a simulator %s: refuses to fetch %s', async (away, url) => {
    const door = new WebDoor(away);
    expect(await whyNot(fetch(url, door.settings.options))).toContain('DoorShut');
    await door.close();
  });

  test('follows nobody out', async () => {
    const server = createServer((socket) => {
      socket.end('HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/x\r\ncontent-length: 0\r\n\r\n');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const door = new WebDoor(true);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await whyNot(fetch(url, door.settings.options))).toContain('DoorShut');
    expect((await fetch(url, { ...door.settings.options, redirect: 'manual' })).status).toBe(302);
    await door.close();
    server.close();
  });

  test('refuses uploads as well', async () => {
    const { request } = await import('node:https');
    const door = new WebDoor(true);
    const upload = {
      hostname: 'mmg.whatsapp.net',
      path: '/mms/image',
      method: 'POST',
      agent: door.settings.fetchAgent,
    };
    expect(() => request(upload)).toThrow(DoorShut);
    await door.close();
  });
});

describe('a web host that stands in for WhatsApp’s', () => {
  let host: WebHost;
  let door: WebDoor;

  beforeAll(async () => {
    const bytes = Buffer.from('a picture');
    host = await WebHost.open(new Map([['pps.whatsapp.net', () => ({ status: 200, mime: 'image/jpeg', bytes })]]));
    door = new WebDoor(true, { web: host.url, certificate: host.certificate });
  });

  afterAll(async () => {
    await door.close();
    await host.close();
  });

  test('is asked under their names, by the library as well', async () => {
    const address = 'https://pps.whatsapp.net/v/7';
    expect(Buffer.from((await door.get(address, 100)).bytes).toString()).toBe('a picture');
    expect(await (await fetch(address, door.settings.options)).text()).toBe('a picture');
    expect(host.requests.at(-1)).toEqual({ host: 'pps.whatsapp.net', path: '/v/7', status: 200 });
  });

  test('is not asked for anybody else, nor by http, nor in production', async () => {
    for (const address of [
      'https://example.org/v/7',
      'http://pps.whatsapp.net/v/7',
      'https://pps.whatsapp.net:8443/',
    ]) {
      await expect(door.get(address, 100)).rejects.toThrow('may not ask');
    }
    const production = new WebDoor(false, { web: host.url, certificate: host.certificate });
    await expect(production.get(host.url, 100)).rejects.toThrow('may not ask');
    await production.close();
  });

  test('is believed by its certificate alone', async () => {
    const { certificate } = webCertificate(['*.whatsapp.net']);
    const stranger = new WebDoor(true, { web: host.url, certificate });
    await expect(stranger.get('https://pps.whatsapp.net/v/7', 100)).rejects.toThrow('self-signed certificate');
    await stranger.close();
  });

  test('is cut off when it says too much, or turns up elsewhere', async () => {
    await expect(door.get('https://pps.whatsapp.net/v/7', 8)).rejects.toThrow('too long');
    host.fail(302, 1);
    expect((await door.get('https://pps.whatsapp.net/v/7', 100)).status).toBe(302);
  });
});

describe('the library beside a simulator', () => {
  let sandbox: WhatsAppSandbox;

  beforeAll(async () => {
    sandbox = await WhatsAppSandbox.start();
  });

  afterAll(async () => {
    await sandbox.stop();
  });

  test('asks nobody but this machine, whatever it is shown', async () => {
    const { control, url, rootKey } = sandbox;
    const ready = JSON.stringify({ control, url, rootKey: rootKey.toString('hex') });
    const paths = ['/v/t62/snapshot', '.example.org/snapshot', '@example.org/snapshot', '@192.0.2.1/snapshot'];
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ready, ...paths]);
    expect(JSON.parse(stdout)).toEqual(['127.0.0.1']);
  });
});
