// What an idle login costs in memory: the bridge's resident size with some logins less its size without any, shared among them.
import { setTimeout as sleep } from 'node:timers/promises';
import { as, type UserId } from '../src/model/ids.ts';
import { online, signIn } from './cast.ts';
import { plain, type Finding } from './finding.ts';
import { memoryOf } from './processes.ts';
import { SERVER_NAME, type Stage } from './stage.ts';

export const LOGIN_COUNTS = [1, 50, 200] as const;
/** Until what a start needs once has been given back, in ms. */
const CALM_MS = 6_000;
const STARTS_OF_FEW = 3;

export async function memory(stage: Stage, wanted: (logins: number) => boolean): Promise<readonly Finding[]> {
  const empty = await smallest(stage, 0);
  const findings: Finding[] = [plain('memory.without-logins', empty, 'MiB')];
  for (const logins of LOGIN_COUNTS.filter(wanted)) {
    const size = await smallest(stage, logins);
    findings.push(plain(`telegram.memory-per-login.${logins}`, (size - empty) / logins, 'MiB'));
  }
  return findings;
}

/** One login is smaller than what a start leaves to chance: the fewer there are, the more starts are looked at. */
async function smallest(stage: Stage, logins: number): Promise<number> {
  const sizes: number[] = [];
  for (let start = 1; start <= (logins < 10 ? STARTS_OF_FEW : 1); start += 1) {
    sizes.push(await sizeWith(stage, logins, start));
  }
  return Math.min(...sizes);
}

async function sizeWith(stage: Stage, logins: number, start: number): Promise<number> {
  const house = await stage.house(`memory_${logins}_${start}`);
  for (let login = 1; login <= logins; login += 1) {
    const account = await stage.telegram.createPerson({ firstName: `Idle${logins}x${login}` });
    await signIn(stage, house, as<UserId>(`@idle${login}:${SERVER_NAME}`), account);
  }
  const bridge = house.start();
  try {
    await bridge.ready();
    await online(house, logins);
    await sleep(CALM_MS);
    return memoryOf(bridge.pid);
  } finally {
    await bridge.stop();
  }
}
