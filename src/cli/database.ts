// `db …`: the database's schema, its state, and its backup as a file that any later version reads.
import { backup, restore } from '../app/backup.ts';
import { databaseFacts, inSentences, migrate, newestStep, openDatabase, type OpenDatabase } from '../app/database.ts';
import { readConfig } from '../app/settings.ts';
import type { Config } from '../config/schema.ts';

import { exitCodes } from '../app/exit-codes.ts';
import type { Handler } from './handler.ts';

type Say = (line: string) => void;

export const databaseCommand: Handler = async (command, path, { environment, say }) => {
  const config = readConfig(path, environment);
  const opened = await openDatabase(config);
  const [file = ''] = command.rest;
  try {
    if (command.name === 'db status') return await status(config, opened, say);
    await inSentences(async () => {
      if (command.name === 'db migrate') await migrateIt(opened, say);
      else if (command.name === 'db backup') await backupIt(opened, file, say);
      else await restoreIt(opened, file, say);
    });
    return exitCodes.ok;
  } finally {
    await opened.close();
  }
};

async function backupIt(opened: OpenDatabase, file: string, say: Say): Promise<void> {
  await backup(opened.db, file);
  say(
    `Everything in the database is in ${file}, readable by you alone. Keep the vault key and the identity key apart from it.`,
  );
}

async function restoreIt(opened: OpenDatabase, file: string, say: Say): Promise<void> {
  const { rows } = await restore(opened.db, file);
  say(`${rows} rows are back. Start once with "passerelle run --after-restore".`);
}

async function migrateIt(opened: OpenDatabase, say: Say): Promise<void> {
  const steps = await migrate(opened.db.sql);
  say(steps.length === 0 ? `The database is up to date (${newestStep}).` : `Done: ${steps.join(', ')}.`);
}

async function status(config: Config, opened: OpenDatabase, say: Say): Promise<number> {
  const { schema, vault } = await databaseFacts(config, opened.db);
  const where = config.database.url === undefined ? `embedded, in ${config.database.embedded.dir}` : 'by database.url';
  say(`Database: ${where}.`);
  say(`Schema: ${schema.applied.at(-1) ?? 'empty'}; this version wants ${newestStep}.`);
  if (schema.missing.length > 0)
    say(`To do: ${schema.missing.join(', ')} ("passerelle db migrate", or the next start).`);
  if (schema.unknown.length > 0) say('It was made by a newer version of Passerelle: this one will not start on it.');
  say(
    { fits: 'The vault key fits.', empty: 'Nothing is sealed yet.', 'wrong-key': 'The vault key does NOT fit.' }[vault],
  );
  if (schema.unknown.length > 0) return exitCodes.database;
  return vault === 'wrong-key' ? exitCodes.vaultKey : exitCodes.ok;
}
