// The homeserver double as a process: prints one JSON line when ready, ends when its standard input closes.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endWithStarter, sayReady } from '../process.ts';
import { SHARED_SECRET } from './accounts.ts';
import { servePanel } from './double/control.ts';
import { DoubleServer } from './double/server.ts';

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    port: { type: 'string', default: '0' },
    'server-name': { type: 'string', default: 'hs.test' },
    'room-version': { type: 'string', default: '12' },
    registration: { type: 'string', multiple: true, default: [] },
  },
});
if (values.dir === undefined) {
  process.stderr.write(
    'usage: main.ts --dir FOLDER [--port N] [--server-name NAME] [--room-version 11|12] [--registration FILE]...\n',
  );
  process.exit(2);
}
mkdirSync(values.dir, { recursive: true });
const server = new DoubleServer(values['server-name'], Number(values.port), {
  registrations: values.registration,
  defaultVersion: values['room-version'],
  secret: SHARED_SECRET,
  logFile: join(values.dir, 'double.log'),
});
await server.start();
const control = await servePanel(server);
sayReady({ url: `http://127.0.0.1:${server.port}`, control: control.url, pid: process.pid });
endWithStarter(async () => {
  await server.crash();
  await control.close();
});
