// Puts a pinned Synapse from PyPI into a cached virtual environment, once per machine; it must not know how it is configured.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The Synapse that docs/homeservers.md speaks of. */
export const SYNAPSE_VERSION = '1.163.2';

/** Tchap's rules of who may be in a room (`im.vector.room.access_rules`), a module that a Synapse loads when told to. */
const ACCESS_RULES_VERSION = '1.0.0';

/** Where the environment and the template database live; `PASSERELLE_CACHE` overrules `~/.cache/passerelle`. */
export function synapseHome(): string {
  const cache = process.env['PASSERELLE_CACHE'] ?? join(homedir(), '.cache', 'passerelle');
  return join(cache, `synapse-${SYNAPSE_VERSION}-rules-${ACCESS_RULES_VERSION}`);
}

export interface SynapseInstall {
  readonly python: string;
  readonly home: string;
}

// One lock of the operating system around the whole work: it vanishes with its holder, so a killed
// install blocks nobody, and the marker (written last) tells a finished environment from a torn one.
const INSTALLER = `
import fcntl, json, os, shutil, subprocess, sys
home, version, rules, log = sys.argv[1:5]
with open(home + ".lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if os.path.exists(os.path.join(home, "ready.json")):
        sys.exit(0)
    venv = os.path.join(home, "venv")
    shutil.rmtree(venv, ignore_errors=True)
    os.makedirs(home, exist_ok=True)
    with open(log, "w") as out:
        def step(*command):
            if subprocess.call(command, stdout=out, stderr=subprocess.STDOUT) != 0:
                sys.exit(3)
        step(sys.executable, "-m", "venv", venv)
        step(os.path.join(venv, "bin", "python"), "-m", "pip", "install", "--disable-pip-version-check",
             "--no-input", "--only-binary", "matrix-synapse", "matrix-synapse==" + version,
             "synapse-room-access-rules==" + rules)
    with open(os.path.join(home, "ready.tmp"), "w") as marker:
        json.dump({"version": version, "python": sys.version}, marker)
    os.rename(os.path.join(home, "ready.tmp"), os.path.join(home, "ready.json"))
`;

const PROBE = 'import sys, venv, ensurepip, fcntl; print("%d.%d" % sys.version_info[:2])';

/** The first Python >= 3.10 with venv and pip, or the sentence that says why there is none. */
async function findPython(): Promise<{ readonly python: string } | { readonly why: string }> {
  const wanted = process.env['PASSERELLE_PYTHON'];
  const names = wanted === undefined ? ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10'] : [wanted];
  const seen: string[] = [];
  for (const name of names) {
    try {
      const { stdout } = await run(name, ['-c', PROBE], { timeout: 20_000 });
      const [major = 0, minor = 0] = stdout.trim().split('.').map(Number);
      if (major === 3 && minor >= 10) return { python: name };
      seen.push(`${name} is ${stdout.trim()}`);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (/No module named/.test(text)) seen.push(`${name} has no venv module (Debian: apt install python3-venv)`);
    }
  }
  const found = seen.length > 0 ? seen.join('; ') : `none of ${names.join(', ')} is installed`;
  return { why: `Synapse needs Python 3.10 or newer with venv, and ${found}.` };
}

/** Undefined when Synapse is installed here or can be tried; else one sentence. */
export async function whyNoSynapse(): Promise<string | undefined> {
  if (process.platform === 'win32') return 'Synapse does not run on Windows.';
  if (existsSync(join(synapseHome(), 'ready.json'))) return undefined;
  const found = await findPython();
  return 'why' in found ? found.why : undefined;
}

/** Install if needed; safe when two processes do it at once. Throws one sentence that names the log of pip. */
export async function installSynapse(say: (sentence: string) => void): Promise<SynapseInstall> {
  const home = synapseHome();
  const install = { python: join(home, 'venv', 'bin', 'python'), home };
  if (existsSync(join(home, 'ready.json'))) return install;
  const found = await findPython();
  if ('why' in found) throw new Error(found.why);
  mkdirSync(home, { recursive: true });
  const log = join(home, 'install.log');
  say(`Installing Synapse ${SYNAPSE_VERSION} from PyPI into ${home} (once, about a minute).`);
  const code = await new Promise<number>((resolve, reject) => {
    const versions = [SYNAPSE_VERSION, ACCESS_RULES_VERSION];
    const child = spawn(found.python, ['-c', INSTALLER, home, ...versions, log], { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
  if (code !== 0) {
    const last = existsSync(log) ? (readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? '') : '';
    throw new Error(`Synapse ${SYNAPSE_VERSION} could not be installed: ${last} (whole log: ${log})`);
  }
  return install;
}
