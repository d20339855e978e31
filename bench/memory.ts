// What an idle login costs in memory: the bridge's resident size with some logins less its size without any, shared among them.
import { setTimeout as sleep } from 'node:timers/promises';
import { as, type UserId } from '../src/model/ids.ts';
import { online } from './cast.ts';
import type { Far } from './far.ts';
import { plain, type Finding } from './finding.ts';
import { memoryOf } from './processes.ts';
import type { House } from './house.ts';
import { SERVER_NAME, type Stage } from './stage.ts';

/** Until what a start needs once has been given back, in ms. */
const CALM_MS = 6_000;
const STARTS_OF_FEW = 3;

/** The bridge as it is before any network is switched on. */
export async function memoryOfNothing(stage: Stage): Promise<readonly Finding[]> {
  const house = await stage.house('memory_nothing');
  return [plain('memory.without-networks', await smallest(house, 0), 'MiB')];
}

export async function memory(stage: Stage, far: Far, wanted: (logins: number) => boolean): Promise<readonly Finding[]> {
  const house = await stage.house(`memory_${far.network}`, far);
  const empty = await smallest(house, 0);
  const findings: Finding[] = [plain(`${far.network}.memory.without-logins`, empty, 'MiB')];
  let there = 0;
  for (const logins of far.loginCounts.filter(wanted)) {
    for (; there < logins; there += 1) {
      const owner = as<UserId>(`@idle${there}:${SERVER_NAME}`);
      await far.signIn(house, owner, await far.person(`Idle${there}`));
    }
    const size = await smallest(house, logins);
    findings.push(plain(`${far.network}.memory-per-login.${logins}`, (size - empty) / logins, 'MiB'));
  }
  return findings;
}

/** One login is smaller than what a start leaves to chance: the fewer there are, the more starts are looked at. */
async function smallest(house: House, logins: number): Promise<number> {
  const sizes: number[] = [];
  for (let start = 1; start <= (logins < 10 ? STARTS_OF_FEW : 1); start += 1) sizes.push(await sizeWith(house, logins));
  return Math.min(...sizes);
}

async function sizeWith(house: House, logins: number): Promise<number> {
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
