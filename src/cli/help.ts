// The text of --help, made from the table of commands and the exit codes.
import { commands, optionLines } from './arguments.ts';
import { exitCodeMeanings } from '../app/exit-codes.ts';

export function helpText(version: string): string {
  const rows = Object.entries(commands).map(([name, form]): readonly [string, string] => [
    form.rest === undefined ? name : `${name} ${form.rest}`,
    form.what,
  ]);
  return [
    `Passerelle ${version}: a Matrix appservice that lets an organisation leave Telegram and WhatsApp`,
    '',
    'passerelle COMMAND [options]   (without a command: run)',
    '',
    ...table(rows),
    '',
    ...table([...optionLines(), ['--version, --help', '']]),
    '',
    'It ends with',
    ...table(Object.entries(exitCodeMeanings)),
    '',
    'Every setting can come from the environment: homeserver.serverName is PASSERELLE_HOMESERVER__SERVER_NAME, and',
    'PASSERELLE_APPSERVICE__AS_TOKEN_FILE names a file that holds appservice.asToken.',
  ].join('\n');
}

function table(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
