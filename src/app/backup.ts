// Backup and restore as files: private, whole or not at all; compressed when the name ends in .gz. Knows no table.
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { exitCodes, Refusal } from './exit-codes.ts';
import type { Db } from '../store/db.ts';
import { dump, restoreDump } from '../store/dump.ts';
import { codeOf } from './failures.ts';

const PRIVATE = 0o600;

/** @throws Refusal when the file cannot be written; an existing one is replaced only by a complete one */
export async function backup(db: Db, file: string): Promise<void> {
  const draft = `${file}.${process.pid}.new`;
  const out = createWriteStream(draft, { mode: PRIVATE, flags: 'wx', flush: true });
  try {
    const lines = Readable.from(withEnds(dump(db)));
    await (file.endsWith('.gz') ? pipeline(lines, createGzip(), out) : pipeline(lines, out));
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw asRefusal(error, file, 'written');
  }
}

/** @throws Refusal when the file cannot be read, or does not fit the database */
export async function restore(db: Db, file: string): Promise<{ readonly rows: number }> {
  const source = createReadStream(file);
  const plain = file.endsWith('.gz') ? source.pipe(createGunzip()) : source;
  if (plain !== source) source.once('error', (error) => plain.destroy(error));
  try {
    return await restoreDump(db, linesOf(plain));
  } catch (error) {
    throw asRefusal(error, file, 'read');
  } finally {
    source.destroy();
  }
}

async function* withEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

async function* linesOf(input: Readable): AsyncGenerator<string> {
  input.setEncoding('utf8');
  let rest = '';
  for await (const chunk of input as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

function asRefusal(error: unknown, file: string, done: 'written' | 'read'): unknown {
  const code = codeOf(error);
  if (code !== undefined && /^(?:E[A-Z]+|Z_\w+)$/.test(code)) {
    return new Refusal(exitCodes.database, `${file} cannot be ${done} (${code}).`, error);
  }
  return error;
}
