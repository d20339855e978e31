// What the sandbox says to the newcomer, in English and in French; it must not know what happens.

export type Language = 'en' | 'fr';

const en = {
  usage: `npm run sandbox -- [options]: a bridge to play with, nothing of it real

  --once                        end after the conversation: 0 if everything crossed, 1 if not
  --homeserver synapse|double   a real Synapse (installed from PyPI once), or our stand-in; default: the best this machine offers
  --lang en|fr                  the language of people, of the bot and of this page
  --port N                      the homeserver's port on 127.0.0.1 (default: any free one)
  --keep                        leave data and logs behind, and say where`,
  synapse: 'Homeserver: Synapse, the real one.',
  double: 'Homeserver: the double, our own stand-in (asked for).',
  'double-because': 'Homeserver: the double, our own stand-in, because: {why}',
  started: '{what} is up ({seconds} s).',
  homeserver: 'The homeserver',
  telegram: 'The simulated Telegram',
  whatsapp: 'The simulated WhatsApp',
  bridge: 'The bridge, with a database of its own,',
  'scene-bot': '{person} opens a room with the bot',
  'scene-login': '{person} tells the bot to sign in to {network}',
  'scene-contact': '{contact} writes on {network}, and a room appears in Matrix',
  'scene-answer': '{person} answers from Matrix',
  'scene-edit': 'Both correct themselves, and think better of it',
  'scene-phone': '{person} writes from the telephone, on {network}: it appears under their own name',
  'scene-start': '{person} begins a conversation with somebody else',
  bot: 'the bot',
  phone: 'telephone',
  scans: 'scans the code',
  'code-removed': 'the bot has removed the code from the room',
  edited: 'corrected',
  deleted: 'deleted',
  invited: '{person} is invited to a room, and joins it',
  crossed: '{count} of {count} crossed, in both directions, the slowest in {slowest} ms.',
  'not-crossed': 'This did not cross: {what}',
  'say-hello': 'Hello {name}! Are you still over there? 🦉',
  'say-answer': 'On my way to Matrix. You can keep writing to me here as before.',
  'say-answer-corrected': 'On my way to Matrix. You can keep writing to me as before.',
  'say-good': 'Good, then nothing changes for mee.',
  'say-good-corrected': 'Good, then nothing changes for me.',
  'say-oops': 'Oops, this was for somebody else.',
  'say-hasty': 'Have I told you who else is here? No, that can wait.',
  'say-phone': 'And this I write from my telephone, in the {network} app.',
  'say-start': 'Good evening {name}, I write to you from Matrix.',
  'say-start-answer': 'And it arrives in my {network}!',
  up: 'It stays up to play with.',
  'up-client':
    'Point any Matrix client (Element, Nheko, FluffyChat, …) on this machine at the homeserver address below, and sign in by password:',
  'up-address': 'homeserver',
  'up-user': 'Matrix user',
  'up-password': 'password',
  'up-telegram': 'Telegram phone',
  'up-whatsapp': 'WhatsApp phone',
  'up-signed-in': 'signed in to both already',
  'up-sign-in': 'administrator; write “login telegram phone” or “login whatsapp” to the bot',
  'up-bot': 'the bot (open a direct, unencrypted room with it and write “help”)',
  'up-log': 'logs and data, removed at the end',
  'up-contacts':
    'You are the contacts on Telegram ({telegram}) and WhatsApp ({whatsapp}). What you type here, {contact} writes to {person}:',
  'prompt-help': `  some text        {contact} writes it to {person}
  /as NAME         be another contact: {names}
  /to NAME         write to somebody else: {people}
  /edit TEXT       correct your last message
  /undo            delete your last message
  /phone TEXT      {person} writes from their own telephone
  /link [TEXT]     their telephone scans the QR code that the bot shows them for WhatsApp, or links by the code TEXT
  /who             accounts, passwords and addresses once more
  /quit            or Ctrl-D: the end, when what is crossing has arrived; Ctrl-C: at once; nothing is left running`,
  'not-signed-in':
    '{person} is not signed in to {network}, so this does not appear in Matrix: as {person}, write “{command}” to the bot.',
  'sign-in-telegram': 'login telegram phone',
  'sign-in-whatsapp': 'login whatsapp',
  'not-arrived':
    '“{text}” has not appeared in Matrix after {seconds} s: the bot may have told {person} why; the log is {log}',
  waits: 'an invitation to the room with {contact} waits in Matrix: what they write is there once {person} accepts it',
  'still-crossing': 'waiting for what is crossing; Ctrl-C ends at once',
  'no-input': 'Nothing can be typed here, as the input has ended. It stays up until Ctrl-C or a signal.',
  'no-such': 'There is no {name} here. There are: {names}',
  'no-command': 'There is no {name}. There are: {names}',
  'no-qr': 'The bot has not shown {person} a code: write “login whatsapp” to it, or give the code.',
  linked: 'The telephone of {person} has linked the bridge.',
  nothing: 'You have not written anything yet.',
  code: 'Telegram sends a login code to {phone}: {code}',
  'bridge-ended': 'The bridge ended by itself (exit code {code}). The end of its log:',
  ending: 'Ending …',
  ended: 'Nothing is left running.',
  kept: 'Data and logs: {dir}',
} as const;

export type Word = keyof typeof en;

const fr: Readonly<Record<Word, string>> = {
  usage: `npm run sandbox -- [options] : une passerelle pour essayer, où rien n’est réel

  --once                        s’arrêter après la conversation : 0 si tout est passé, 1 sinon
  --homeserver synapse|double   un vrai Synapse (installé une fois depuis PyPI), ou notre doublure ; par défaut le mieux que permet la machine
  --lang en|fr                  la langue des personnes, du robot et de cette page
  --port N                      le port du serveur sur 127.0.0.1 (par défaut un port libre)
  --keep                        garder les données et les journaux, et dire où`,
  synapse: 'Serveur Matrix : Synapse, le vrai.',
  double: 'Serveur Matrix : notre doublure, comme demandé.',
  'double-because': 'Serveur Matrix : notre doublure, car : {why}',
  started: '{what} est en marche ({seconds} s).',
  homeserver: 'Le serveur Matrix',
  telegram: 'Le Telegram simulé',
  whatsapp: 'Le WhatsApp simulé',
  bridge: 'La passerelle, avec sa propre base de données,',
  'scene-bot': '{person} ouvre un salon avec le robot',
  'scene-login': '{person} demande au robot de se connecter à {network}',
  'scene-contact': '{contact} écrit sur {network}, et un salon apparaît dans Matrix',
  'scene-answer': '{person} répond depuis Matrix',
  'scene-edit': 'Chacun se corrige, et se ravise',
  'scene-phone': '{person} écrit depuis son téléphone, sur {network} : le message apparaît sous son propre nom',
  'scene-start': '{person} commence une conversation avec quelqu’un d’autre',
  bot: 'le robot',
  phone: 'téléphone',
  scans: 'lit le code',
  'code-removed': 'le robot a retiré le code du salon',
  edited: 'corrigé',
  deleted: 'supprimé',
  invited: '{person} est invitée dans un salon, et y entre',
  crossed: '{count} messages sur {count} sont passés, dans les deux sens, le plus lent en {slowest} ms.',
  'not-crossed': 'Ceci n’est pas passé : {what}',
  'say-hello': 'Bonjour {name} ! Toujours de l’autre côté ? 🦉',
  'say-answer': 'En route pour Matrix. Tu peux continuer à m’écrire ici comme avant.',
  'say-answer-corrected': 'En route pour Matrix. Tu peux continuer à m’écrire comme avant.',
  'say-good': 'Bien, alors rien ne change pour moii.',
  'say-good-corrected': 'Bien, alors rien ne change pour moi.',
  'say-oops': 'Oups, c’était pour quelqu’un d’autre.',
  'say-hasty': 'T’ai-je dit qui est déjà ici ? Non, cela peut attendre.',
  'say-phone': 'Et ceci, je l’écris depuis mon téléphone, dans l’application {network}.',
  'say-start': 'Bonsoir {name}, je t’écris depuis Matrix.',
  'say-start-answer': 'Et cela arrive dans mon {network} !',
  up: 'Tout reste en marche pour essayer.',
  'up-client':
    'Dirigez un client Matrix (Element, Nheko, FluffyChat, …) de cette machine vers l’adresse ci-dessous, et connectez-vous par mot de passe :',
  'up-address': 'serveur Matrix',
  'up-user': 'personne sur Matrix',
  'up-password': 'mot de passe',
  'up-telegram': 'téléphone Telegram',
  'up-whatsapp': 'téléphone WhatsApp',
  'up-signed-in': 'déjà connectée aux deux',
  'up-sign-in': 'administration ; écrivez « connexion telegram phone » ou « connexion whatsapp » au robot',
  'up-bot': 'le robot (ouvrez un salon direct non chiffré avec lui et écrivez « aide »)',
  'up-log': 'journaux et données, supprimés à la fin',
  'up-contacts':
    'Vous êtes les contacts sur Telegram ({telegram}) et WhatsApp ({whatsapp}). Ce que vous tapez ici, {contact} l’écrit à {person} :',
  'prompt-help': `  un texte         {contact} l’écrit à {person}
  /as NOM          être un autre contact : {names}
  /to NOM          écrire à quelqu’un d’autre : {people}
  /edit TEXTE      corriger votre dernier message
  /undo            supprimer votre dernier message
  /phone TEXTE     {person} écrit depuis son propre téléphone
  /link [TEXTE]    son téléphone lit le code QR que le robot lui montre pour WhatsApp, ou se lie par le code TEXTE
  /who             les comptes, mots de passe et adresses encore une fois
  /quit            ou Ctrl-D : la fin, une fois arrivé ce qui est en route ; Ctrl-C : tout de suite ; rien ne reste en marche`,
  'not-signed-in':
    'Personne ne voit ceci dans Matrix, car le compte {network} de {person} n’est pas connecté : en tant que {person}, écrivez « {command} » au robot.',
  'sign-in-telegram': 'connexion telegram phone',
  'sign-in-whatsapp': 'connexion whatsapp',
  'not-arrived':
    '« {text} » n’est pas apparu dans Matrix après {seconds} s : le robot a peut-être dit pourquoi à {person} ; le journal est {log}',
  waits:
    'une invitation au salon avec {contact} attend dans Matrix : ses messages y seront quand {person} l’aura acceptée',
  'still-crossing': 'en attente de ce qui est en route ; Ctrl-C arrête tout de suite',
  'no-input':
    'Rien ne peut être tapé ici, car l’entrée est terminée. Tout reste en marche jusqu’à Ctrl-C ou un signal.',
  'no-such': 'Il n’y a pas de {name} ici. Il y a : {names}',
  'no-command': '{name} n’existe pas. Il y a : {names}',
  'no-qr': 'Le robot n’a montré aucun code à {person} : écrivez-lui « connexion whatsapp », ou donnez le code.',
  linked: 'Le téléphone de {person} a lié la passerelle.',
  nothing: 'Vous n’avez encore rien écrit.',
  code: 'Telegram envoie un code de connexion au {phone} : {code}',
  'bridge-ended': 'La passerelle s’est arrêtée d’elle-même (code {code}). La fin de son journal :',
  ending: 'Arrêt …',
  ended: 'Rien ne reste en marche.',
  kept: 'Données et journaux : {dir}',
};

const catalogues = { en, fr } as const;

export type Speak = (word: Word, values?: Readonly<Record<string, string | number>>) => string;

/** Fills `{name}` from `values`. */
export function speaker(language: Language): Speak {
  return (word, values = {}) =>
    catalogues[language][word].replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
