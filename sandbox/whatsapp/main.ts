// Starts the simulated WhatsApp as a process of its own: one JSON line on standard output when it is ready (ReadyLine),
// log lines on standard error, and an end when standard input closes, the parent goes, or SIGTERM comes.

import { parseArgs } from 'node:util';
import { endWithStarter, sayReady } from '../process.ts';
import { serveWhatsApp } from './control.ts';
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
const control = await serveWhatsApp(server, Number(values['control-port']));

const ready: ReadyLine = {
  control: control.url,
  url: server.listener.url,
  web: server.web.url,
  webCertificate: server.web.certificate,
  rootKey: Buffer.from(server.identity.rootKey).toString('hex'),
};
sayReady(ready);
endWithStarter(async () => await control.close());
