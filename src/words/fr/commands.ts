// Ce que dit le salon de gestion : commandes, connexions, règles.
export const fr = {
  'command.unknown': 'Je ne connais pas `{command}`. Écrivez `aide` pour voir ce que je sais faire.',
};
