// Starts the simulated Telegram as a process of its own: one JSON line on standard output when it is ready (ReadyLine),
// log lines on standard error, and an end when standard input closes, the parent goes, or SIGTERM comes.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { endWithStarter, sayReady } from '../process.ts';
import { serveTelegram } from './control.ts';
import type { ReadyLine } from './control-types.ts';
import { addressOf } from './rpc/help.ts';
import { TelegramServer } from './server.ts';

const { values } = parseArgs({
  options: {
    'control-port': { type: 'string', default: '0' },
    dcs: { type: 'string', default: '4,2' },
    'rsa-key': { type: 'string' },
  },
});

const dcs = values.dcs.split(',').map(Number);
if (dcs.length === 0 || dcs.some((dc) => !Number.isInteger(dc) || dc < 1 || dc > 250)) {
  throw new Error(`--dcs wants numbers from 1 to 250, not "${values.dcs}"`);
}
const rsaFile = values['rsa-key'];
const server = new TelegramServer(
  dcs,
  (text) => void process.stderr.write(`telegram sandbox: ${text}\n`),
  rsaFile === undefined ? undefined : readFileSync(rsaFile, 'utf8'),
);
await server.listen();
const control = await serveTelegram(server, Number(values['control-port']));

const ready: ReadyLine = {
  control: control.url,
  dcs: server.ports,
  addresses: Object.fromEntries(dcs.map((dc) => [addressOf(dc), dc])),
  rsa: {
    n: server.serverKey.n.toString(),
    e: server.serverKey.e,
    pem: server.serverKey.pem,
    fingerprint: server.serverKey.fingerprint.toString(),
  },
};
sayReady(ready);
endWithStarter(async () => {
  server.close();
  await control.close();
});
