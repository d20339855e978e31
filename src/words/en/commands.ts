// What the management room says: commands, logins, rules.
export const en = {
  'command.unknown': 'I do not know `{command}`. Write `help` to see what I can do.',
};
