// Builds the Go program of tests/e2e/whatsmeow into the cache folder, once for each state of its sources; knows nothing of what the
// program does.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SOURCES = fileURLToPath(new URL('../whatsmeow/', import.meta.url));
/** Where Go's own installer puts it, which need not be on the PATH. */
const GO_HOME = '/usr/local/go/bin';
const BUILD_LIMIT_MS = 300_000;

function cache(): string {
  return join(process.env['PASSERELLE_CACHE'] ?? join(homedir(), '.cache', 'passerelle'), 'whatsmeow');
}

/** The sources, their versions and the compiler: whatever of them changes makes another program. */
function nameOf(compiler: string): string {
  const hash = createHash('sha256').update(compiler);
  for (const file of readdirSync(SOURCES).sort()) hash.update(`\0${file}\0`).update(readFileSync(join(SOURCES, file)));
  return hash.digest('hex').slice(0, 16);
}

/** The last lines of what a failed command wrote, on one line. */
function lastWords(error: unknown): string {
  const { stderr = '' } = error as { readonly stderr?: string };
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.length === 0 ? String(error) : lines.slice(-3).join(' | ');
}

async function compiler(path: string): Promise<string> {
  try {
    return (await run('go', ['env', 'GOVERSION'], { env: { ...process.env, PATH: path, GOTOOLCHAIN: 'local' } }))
      .stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Error(
        `The end-to-end suite builds a WhatsApp client in Go, and there is no Go on the PATH or in ${GO_HOME}: install Go 1.24 or newer (https://go.dev/dl).`,
        { cause: error },
      );
    }
    throw new Error(`Go does not run: ${lastWords(error)}`, { cause: error });
  }
}

/**
 * Answers the path of the program. Safe when two processes do it at once: each builds under a name of its own. `path`: where Go
 * is looked for. Throws one sentence when there is no Go, or when it builds nothing.
 */
export async function buildWhatsmeow(path = `${process.env['PATH'] ?? ''}${delimiter}${GO_HOME}`): Promise<string> {
  const home = cache();
  const program = join(home, nameOf(await compiler(path)));
  if (existsSync(program)) return program;
  mkdirSync(home, { recursive: true });
  const made = `${program}.${process.pid}`;
  const env = {
    ...process.env,
    PATH: path,
    // Plain Go, so that no C compiler is needed; the versions are those of go.mod, checked by go.sum.
    CGO_ENABLED: '0',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
    GOCACHE: join(home, 'go-build'),
    GOMODCACHE: join(home, 'go-mod'),
  };
  const flags = ['-mod=readonly', '-modcacherw', '-trimpath', '-buildvcs=false', '-ldflags=-s -w'];
  try {
    await run('go', ['build', ...flags, '-o', made, '.'], { cwd: SOURCES, env, timeout: BUILD_LIMIT_MS });
  } catch (error) {
    throw new Error(`The WhatsApp client in Go (tests/e2e/whatsmeow) could not be built: ${lastWords(error)}`, {
      cause: error,
    });
  }
  renameSync(made, program);
  return program;
}
