// Starts the simulated WhatsApp as a process of its own: one JSON line on standard output when it is ready (ReadyLine),
// log lines on standard error, and an end when standard input closes, the parent goes, or SIGTERM comes.

import { parseArgs } from 'node:util';
import { serveControl } from './control.ts';
import type { ReadyLine } from './control-types.ts';
import { WhatsAppServer } from './server.ts';

const { values } = parseArgs({
  options: {
    'control-port': { type: 'string', default: '0' },
    port: { type: 'string', default: '0' },
    /** Makes the service's own keys the same in every run. */
    seed: { type: 'string' },
  },
});

const server = new WhatsAppServer((text) => void process.stderr.write(`whatsapp sandbox: ${text}\n`), values.seed);
await server.listen(Number(values.port));
const control = await serveControl(server, Number(values['control-port']));

const ready: ReadyLine = {
  control: control.url,
  url: server.listener.url,
  rootKey: Buffer.from(server.identity.rootKey).toString('hex'),
};
process.stdout.write(`${JSON.stringify(ready)}\n`);

const end = (): void => {
  control.http.close();
  control.http.closeAllConnections();
  process.exit(0);
};
process.on('SIGTERM', end);
process.on('SIGINT', end);
// Whoever started this holds the other end of standard input: when it closes, nobody is left to serve.
process.stdin.on('close', end).on('end', end).resume();
