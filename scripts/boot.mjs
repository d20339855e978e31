// The first command in a fresh clone: installs what is missing, then runs a task under the project's own Node; knows no task's insides.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** One of the libraries calls a deprecated function of Node at start; people can do nothing about it. */
const QUIET = ['--disable-warning=DEP0060'];
const bin = (path) => join(root, 'node_modules', path);
const at = (path) => join(root, path);
const jest = (project, ...more) => [
  ...QUIET,
  '--disable-warning=ExperimentalWarning',
  '--experimental-vm-modules',
  bin('jest/bin/jest.js'),
  '--selectProjects',
  project,
  ...more,
  // Whatever stands here keeps the options above from swallowing people's file names.
  '--watchman=false',
];
const prettier = (mode) => [bin('prettier/bin/prettier.cjs'), mode, '--log-level=warn', '.'];

/** Each task is a row of commands for Node, run one after the other until one fails; people's arguments go to the last. */
const tasks = {
  start: [[...QUIET, at('src/main.ts'), 'run']],
  passerelle: [[...QUIET, at('src/main.ts')]],
  test: [jest('unit')],
  e2e: [jest('e2e', '--reporters=default', `--reporters=${at('tests/e2e/support/facts-reporter.ts')}`)],
  sandbox: [[...QUIET, at('sandbox/main.ts')]],
  faults: [[...QUIET, at('tests/faults/main.ts')]],
  bench: [[...QUIET, at('bench/main.ts')]],
  lint: [prettier('--check'), [bin('oxlint/bin/oxlint'), '--type-aware', '--deny-warnings']],
  types: [
    [bin('typescript/bin/tsc'), '-p', 'tsconfig.json'],
    [...QUIET, at('scripts/check-imports.mjs')],
  ],
  format: [prettier('--write')],
  build: [[bin('typescript/bin/tsc'), '-p', 'tsconfig.build.json']],
};

function say(line) {
  process.stderr.write(`passerelle: ${line}\n`);
}

const [task, ...args] = process.argv.slice(2);
const rows = Object.hasOwn(tasks, task ?? '') ? tasks[task] : undefined;
if (rows === undefined) {
  say(`there is no task "${task ?? ''}"; there are: ${Object.keys(tasks).join(', ')}`);
  process.exit(2);
}
try {
  const node = await ensureInstalled(root, say);
  for (const [index, row] of rows.entries()) {
    const end = await run(node, index === rows.length - 1 ? [...row, ...args] : row);
    if (end !== 0) finish(end);
  }
} catch (error) {
  say(error.message);
  process.exit(1);
}

/** @returns {Promise<number | string>} the exit code, or the name of the signal that ended it */
function run(node, command) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, command, {
      stdio: 'inherit',
      env: taskEnvironment(),
      shell: process.platform === 'win32',
    });
    // A terminal already sends Ctrl-C to every process in front of it; sent twice it would mean "at once".
    const pass = (signal) => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal));
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'];
    for (const signal of signals) process.on(signal, pass);
    const end = (result) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(result);
    };
    child.once('error', (error) => reject(new Error(`Node could not be started (${error.code}): ${node}`)));
    child.once('exit', (code, signal) => end(signal ?? code ?? 1));
  });
}

/** Programs that the task starts by the name `node` get the project's Node too; those of tests are many, and read each file once. */
function taskEnvironment() {
  const compiled = { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? bin('.cache/passerelle-compiled') };
  return {
    ...process.env,
    ...(task === 'test' ? compiled : {}),
    PATH: `${bin('.bin')}${delimiter}${process.env.PATH ?? ''}`,
  };
}

function finish(end) {
  if (typeof end === 'number') process.exit(end);
  // Dies the same death, so that whoever waits for us sees the signal.
  process.kill(process.pid, end);
  setTimeout(() => process.exit(128 + (constants.signals[end] ?? 0)), 1000);
}
