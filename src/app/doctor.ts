// `doctor`: the order of the checks and the form of their lines; each check is a small function over what it is given.
import type { DoctorPorts, Finding, Settled } from './doctor-doors.ts';
import {
  checkBotAccepted,
  checkClock,
  checkDoublePuppets,
  checkHomeserver,
  checkMedia,
  checkPing,
  checkProfiles,
  checkRoomVersion,
} from './doctor-homeserver.ts';
import { checkDatabase, checkDisk, checkNetwork, checkRegistrationFile, checkVault } from './doctor-machine.ts';
import { checkScratchRoom } from './doctor-room.ts';

/** @returns false when something failed */
export async function examine(ports: DoctorPorts, tell: (finding: Finding) => void): Promise<boolean> {
  let sound = true;
  const note = (...findings: readonly Finding[]): boolean => {
    for (const finding of findings) tell(finding);
    const good = findings.every((one) => one.state !== 'fail');
    sound &&= good;
    return good;
  };
  note({ check: 'configuration', state: 'ok', seen: 'it is complete and every setting is understood' });
  note(checkDisk(await ports.freeBytes()));
  await databaseChecks(ports, note);
  note(checkRegistrationFile(ports.registration()));
  await homeserverChecks(ports, note);
  for (const [id, probe] of Object.entries(ports.probes)) note(await checkNetwork(id, probe));
  return sound;
}

type Note = (...findings: readonly Finding[]) => boolean;

async function databaseChecks(ports: DoctorPorts, note: Note): Promise<void> {
  const facts = await settled(ports.database);
  if (note(checkDatabase(facts)) && facts.ok) note(checkVault(facts.value));
}

async function homeserverChecks(ports: DoctorPorts, note: Note): Promise<void> {
  const { config, call } = ports;
  const asked = ports.now();
  const versions = await call({ method: 'GET', path: '/_matrix/client/versions' });
  if (!note(checkHomeserver(config, versions))) return;
  note(checkClock(versions, asked, ports.now()));
  const bot = await checkBotAccepted(config, call);
  if (!note(...bot.findings)) return;
  note(await checkPing(config, call, ports.answering));
  if (config.doublePuppet.enabled) note(await checkDoublePuppets(config, call));
  if (!bot.registered) {
    note({
      check: 'rooms',
      state: 'ok',
      seen: 'rooms, profiles, media, encryption and limits were not looked at: the bot is made by the first start',
      todo: 'run doctor again when the bridge has started once',
    });
    return;
  }
  const capabilities = await call({
    method: 'GET',
    path: '/_matrix/client/v3/capabilities',
    token: 'bridge',
    user: bot.user,
  });
  note(checkRoomVersion(config, capabilities), checkProfiles(capabilities), await checkMedia(call, bot.user));
  if (!ports.quick) note(...(await checkScratchRoom(call, bot.user)));
}

async function settled<T>(work: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error };
  }
}

/** `FAIL  registration  the homeserver does not know the token → list registration.yaml …` */
export function findingLine(finding: Finding): string {
  const state = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' }[finding.state];
  const line = `${state}  ${finding.check.padEnd(15)}  ${finding.seen}`;
  return finding.todo === undefined ? line : `${line} → ${finding.todo}`;
}
