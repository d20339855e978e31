// Brings node_modules into line with package-lock.json before anything else runs; dependency-free, and knows no task.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The oldest Node that runs TypeScript files as they are. */
const OLDEST_OWN_NODE = [22, 18];
const LOCK_WAIT_MS = 20 * 60_000;

/** Settings of the outer npm that the inner one must see too; every other `npm_*` variable describes the outer run. */
const KEPT_SETTINGS = new Set(
  'registry cafile ca cert key userconfig globalconfig cache proxy https_proxy noproxy strict_ssl prefer_offline offline'
    .split(' ')
    .map((name) => `npm_config_${name}`),
);

/**
 * Installs when needed and returns the Node to run the project with.
 * @param {string} root the checkout
 * @param {(line: string) => void} say
 * @returns {Promise<string>} path of a Node program
 * @throws {Error} one sentence saying what to do
 */
export async function ensureInstalled(root, say) {
  const wanted = fingerprint(root);
  let stamp = readStamp(root);
  if (stamp?.fingerprint !== wanted) stamp = await underLock(root, say, () => install(root, wanted, say));
  return stamp.node === 'npm' ? npmNode(root) : ownNode();
}

function fingerprint(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`\0${process.platform}-${process.arch}`).digest('hex');
}

function stampFile(root) {
  return join(root, 'node_modules', '.install-stamp');
}

function readStamp(root) {
  try {
    return JSON.parse(readFileSync(stampFile(root), 'utf8'));
  } catch {
    // Absent, or cut short by a crash: both mean "not installed".
    return undefined;
  }
}

function install(root, wanted, say) {
  // Whoever held the lock before us may have done the work.
  const now = readStamp(root);
  if (now?.fingerprint === wanted) return now;
  if (!isComplete(root)) runNpm(root, say);
  const stamp = { fingerprint: wanted, node: works(npmNode(root)) ? 'npm' : 'own' };
  const draft = `${stampFile(root)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(stamp));
  renameSync(draft, stampFile(root));
  return stamp;
}

/** True when somebody already ran `npm ci` by hand: npm's own record then agrees with the lock file, package by package. */
function isComplete(root) {
  const lock = readPackages(join(root, 'package-lock.json'));
  const there = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (lock === undefined || there === undefined) return false;
  const same = (a, b) => a.version === b.version && a.integrity === b.integrity;
  for (const [path, wanted] of Object.entries(lock)) {
    if (!path.startsWith('node_modules/')) continue;
    const found = there[path];
    if (found === undefined ? !mayBeAbsent(wanted) : !same(found, wanted)) return false;
  }
  return Object.keys(there).every((path) => path in lock);
}

/** npm leaves out optional packages made for other machines, and nothing else. */
function mayBeAbsent(wanted) {
  if (wanted.optional !== true && wanted.devOptional !== true) return false;
  const fits = (given, ours) => {
    // One name, or a list of names to have or (with "!") not to be.
    const list = [given ?? []].flat();
    if (list.includes(`!${ours}`)) return false;
    return list.length === 0 || list.some((one) => one.startsWith('!')) || list.includes(ours);
  };
  if (!fits(wanted.os, process.platform) || !fits(wanted.cpu, process.arch)) return true;
  // Made for another C library, or needed only by an optional package that is absent itself.
  return wanted.libc !== undefined || (wanted.os === undefined && wanted.cpu === undefined);
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    // No record, or a broken one: npm will write a new one.
    return undefined;
  }
}

function runNpm(root, say) {
  say('installing packages (npm ci): about a minute the first time …');
  rmSync(stampFile(root), { force: true });
  const [command, ...args] = npmCommand();
  const started = Date.now();
  const run = spawnSync(command, [...args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env: npmEnvironment(process.env),
    // Nothing of npm may mix with the output of the task that follows.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command.endsWith('.cmd'),
  });
  if (run.error !== undefined)
    throw new Error(`npm could not be started (${run.error.code}): install npm 10 or newer.`);
  if (run.status !== 0) {
    const how = run.status === null ? `was stopped by ${run.signal}` : `failed with code ${run.status}`;
    throw new Error(
      `npm ci ${how}: its message stands above. Check the network, the registry and the disk, then try again.`,
    );
  }
  say(`packages installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** The npm that started us, so that nobody needs a second one; else the one in PATH. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli !== undefined && /^np[mx]-cli\.[cm]?js$/.test(basename(cli)) && existsSync(cli))
    return [process.execPath, cli];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

/**
 * @param {Record<string, string | undefined>} outer
 * @returns {Record<string, string | undefined>} without what the outer npm says about itself
 */
export function npmEnvironment(outer) {
  const isKept = (name) => {
    const lower = name.toLowerCase();
    if (!lower.startsWith('npm_')) return true;
    // `//host/:_authToken` and `@scope:registry` belong to the registry too.
    return KEPT_SETTINGS.has(lower) || /^npm_config_(?:\/\/|@)/.test(lower);
  };
  return Object.fromEntries(
    Object.entries(outer).filter(([name]) => isKept(name) && name !== 'INIT_CWD' && name !== 'NODE_ENV'),
  );
}

function npmNode(root) {
  return join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
}

function works(node) {
  return spawnSync(node, ['--version'], { shell: process.platform === 'win32' }).status === 0;
}

function ownNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [needMajor, needMinor] = OLDEST_OWN_NODE;
  if (major > needMajor || (major === needMajor && minor >= needMinor)) return process.execPath;
  throw new Error(
    `npm brings no Node for ${process.platform}-${process.arch} and yours is ${process.versions.node}: install Node 24 and try again.`,
  );
}

async function underLock(root, say, work) {
  const dir = join(root, '.cache');
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw new Error(
      `Packages must be installed but ${root} cannot be written to (${error.code}): run once as its owner.`,
      { cause: error },
    );
  }
  const file = join(dir, 'install.lock');
  const until = Date.now() + LOCK_WAIT_MS;
  let told = false;
  while (!take(file)) {
    if (Date.now() > until)
      throw new Error(`Another start has been installing for too long: stop it, or delete ${file}.`);
    if (!told) say('another start is installing packages: waiting for it …');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    return work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Makes the lock with its content in one step (link), or takes over one whose holder is dead. */
function take(file) {
  const mine = JSON.stringify({ pid: process.pid, born: birth(process.pid) });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, mine);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(draft);
  }
  clearDead(file);
  return false;
}

function clearDead(file) {
  const seen = readText(file);
  if (seen === undefined || isAlive(seen)) return;
  const aside = `${file}.dead-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    // Somebody else cleared it first.
    if (error.code === 'ENOENT') return;
    throw error;
  }
  // Between reading and renaming a live one may have come: give it back.
  if (readText(aside) !== seen) linkSync(aside, file);
  unlinkSync(aside);
}

function isAlive(text) {
  try {
    const { pid, born } = JSON.parse(text);
    process.kill(pid, 0);
    return birth(pid) === born;
  } catch (error) {
    // EPERM: it lives, as another user. Anything else: dead, or not a lock of ours.
    return error.code === 'EPERM';
  }
}

/** Tells a process from a later one with the same number (Linux; elsewhere the number must do). */
function birth(pid) {
  const stat = readText(`/proc/${pid}/stat`);
  return stat === undefined ? '' : (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '');
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Gone in the meantime, or no /proc here.
    return undefined;
  }
}
