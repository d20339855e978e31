// Every connection of fifty logins on WhatsApp is cut at once: how long until all are back, and what that costs; knows no cause.
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../sandbox/tape.ts';
import { as, type UserId } from '../src/model/ids.ts';
import { online } from './cast.ts';
import { plain, type Finding } from './finding.ts';
import { cpuOf } from './processes.ts';
import { SERVER_NAME, type Stage } from './stage.ts';

const LOGINS = 50;
const LIMIT_MS = 60_000;
/** Until what a start needs once has been done, in ms. */
const CALM_MS = 3_000;
export const STORM = `whatsapp.reconnect-storm.${LOGINS}`;

export async function storm(stage: Stage): Promise<readonly Finding[]> {
  const { whatsapp } = stage;
  const house = await stage.house('storm', whatsapp);
  for (let login = 1; login <= LOGINS; login += 1) {
    await whatsapp.signIn(house, as<UserId>(`@storm${login}:${SERVER_NAME}`), await whatsapp.person(`Storm${login}`));
  }
  const bridge = house.start();
  try {
    await bridge.ready();
    await online(house, LOGINS);
    await sleep(CALM_MS);
    const { sandbox } = whatsapp;
    const before = (await sandbox.command('logins', {})).length;
    const [cpu, began] = [cpuOf(bridge.pid), monotonic()];
    const { killed } = await sandbox.command('killSockets', {});
    if (killed !== LOGINS) throw new Error(`${killed} connections were cut, not ${LOGINS}`);
    const back = async (): Promise<number> =>
      (await sandbox.command('logins', {})).slice(before).filter(({ outcome }) => outcome === 'ok').length;
    while ((await back()) < LOGINS) {
      if (monotonic() - began > LIMIT_MS) throw new Error(`only ${await back()} of ${LOGINS} logins came back in time`);
      await sleep(25);
    }
    const ms = monotonic() - began;
    await online(house, LOGINS);
    await sleep(CALM_MS);
    return [plain(STORM, ms / 1000, 's'), plain(`${STORM}.cpu-per-login`, (cpuOf(bridge.pid) - cpu) / LOGINS, 'ms')];
  } finally {
    await bridge.stop();
  }
}
