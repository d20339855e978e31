// Starts the toy network as a process of its own: one JSON line on standard output when it is ready, an end when standard
// input closes or SIGTERM comes.
import { parseArgs } from 'node:util';
import { endWithStarter, sayReady } from '../process.ts';
import { serveControl } from './control.ts';
import { PigeonHands } from './hands.ts';
import type { ReadyLine } from './pigeon.ts';
import { PigeonServer } from './server.ts';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '0' }, 'control-port': { type: 'string', default: '0' } },
});

const server = new PigeonServer();
await server.listen(Number(values.port));
const control = await serveControl(new PigeonHands(server), Number(values['control-port']));
const ready: ReadyLine = { port: server.port, control: control.port };
sayReady(ready);
endWithStarter(() => undefined);
