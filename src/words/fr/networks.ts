// Ce que disent les adaptateurs : types de message, étapes de connexion, refus.
export const fr = {
  'kind.photo': 'photo',
  'kind.video': 'vidéo',
  'kind.voice': 'message vocal',
  'kind.audio': 'audio',
  'kind.sticker': 'autocollant',
  'kind.file': 'fichier',
  'kind.location': 'position',
  'kind.contact': 'carte de contact',
  'kind.poll': 'sondage',
  'kind.call': 'appel',
  'kind.service': 'message de service',
  'kind.secret': 'échange secret',
  'kind.other': 'message d’un autre type',
  'network.unreachable': '{network} est injoignable.',
  'network.rate-limited': '{network} demande d’attendre.',
  'network.refused': '{network} l’a refusé ({code}).',
  'network.unkept':
    'Quelque chose est arrivé sur {network} qui n’a pas pu être gardé ici, et que je ne peux pas montrer à sa place : regardez dans {network} même.',
  'network.signed-out': '{network} a mis fin à cette connexion. Envoyez `connexion {login}` pour vous reconnecter.',
  'network.no-country-code':
    'Ce numéro ne dit pas son pays. Écrivez-le avec l’indicatif du pays, par exemple +33 6 12 34 56 78.',
  'network.not-found': '{identifier} est introuvable sur {network}.',
  'telegram.account-closed':
    'Telegram a banni ou supprimé ce compte. Réglez cela d’abord dans l’application Telegram, puis envoyez `connexion telegram`.',
  'telegram.peer-gone': 'Cette personne n’est plus joignable sur Telegram.',
  'telegram.blocked': 'Cette personne n’accepte pas vos messages sur Telegram.',
  'telegram.you-blocked': 'Vous avez bloqué cette personne sur Telegram.',
  'telegram.premium-required': 'Cette personne n’accepte que les messages de ses contacts et des comptes Premium.',
  'telegram.may-not-write': 'Vous ne pouvez pas écrire dans cette discussion Telegram.',
  'telegram.peer-flood': 'Telegram restreint ce compte : il ne peut écrire qu’à ses contacts pour le moment.',
  'telegram.too-long': 'Le texte est trop long pour un message Telegram.',
  'telegram.empty': 'Telegram ne transporte pas de message vide.',
  'telegram.message-gone': 'Le message n’existe plus sur Telegram.',
  'telegram.not-yours': 'Telegram ne laisse que son auteur modifier ce message.',
  'telegram.edit-too-late': 'Telegram ne permet plus de modifier ce message.',
  'telegram.flow-phone': 'avec un code reçu dans Telegram ou par SMS',
  'telegram.flow-qr': 'avec un code QR',
  'telegram.ask-phone':
    'Envoyez le numéro de téléphone de votre compte Telegram, avec l’indicatif du pays (par exemple +33 6 12 34 56 78).',
  'telegram.phone': 'numéro de téléphone',
  'telegram.phone-invalid': 'Telegram ne connaît pas ce numéro. Envoyez-le à nouveau avec l’indicatif du pays.',
  'telegram.phone-banned': 'Telegram a banni ce numéro.',
  'telegram.ask-code-app':
    'Telegram vous a envoyé un code de connexion dans l’application Telegram. Envoyez-le ici ; le message sera effacé aussitôt.',
  'telegram.ask-code-sms':
    'Telegram vous a envoyé un code de connexion par SMS. Envoyez-le ici ; le message sera effacé aussitôt.',
  'telegram.ask-code-call':
    'Telegram vous appelle pour vous donner un code de connexion. Envoyez-le ici ; le message sera effacé aussitôt.',
  'telegram.ask-code-email':
    'Telegram a envoyé un code de connexion à {address}. Envoyez-le ici ; le message sera effacé aussitôt.',
  'telegram.ask-code-other':
    'Telegram vous a envoyé un code de connexion. Envoyez-le ici ; le message sera effacé aussitôt.',
  'telegram.code': 'code de connexion',
  'telegram.code-wrong': 'Ce code n’est pas le bon. Envoyez-le à nouveau.',
  'telegram.code-expired': 'Le code a expiré. Écrivez `connexion telegram` pour recommencer.',
  'telegram.too-many-codes': 'Trop de codes de connexion ont été demandés aujourd’hui. Réessayez demain.',
  'telegram.ask-password':
    'Votre compte a un second mot de passe (validation en deux étapes). Envoyez-le ici ; le message sera effacé aussitôt.',
  'telegram.password': 'mot de passe de la validation en deux étapes',
  'telegram.password-wrong': 'Ce mot de passe n’est pas le bon. Envoyez-le à nouveau.',
  'telegram.sign-up':
    'Aucun compte Telegram n’a ce numéro. Créez-en un d’abord dans l’application Telegram, puis écrivez `connexion telegram`.',
  'telegram.email-setup':
    'Telegram veut d’abord une adresse électronique pour ce compte. Ouvrez l’application Telegram, suivez ses étapes, puis réessayez.',
  'telegram.wait': 'Échange avec Telegram…',
  'telegram.show-qr':
    'Dans l’application Telegram, ouvrez Paramètres, Appareils, Connecter un appareil et scannez ce code.',
  'telegram.login-flood': 'Telegram demande d’attendre {minutes:minute|minutes} avant la prochaine connexion.',
  'telegram.login-lost': 'La connexion avec Telegram a été perdue. Écrivez `connexion telegram` pour recommencer.',
  'telegram.private-only':
    'Seules les discussions privées sont reliées pour le moment : les groupes et les canaux restent dans l’application Telegram.',
  'telegram.unbridged':
    'Des messages sont arrivés sur Telegram dans des groupes ou des canaux qui ne sont pas encore reliés : lisez-les dans l’application Telegram. Chacun n’est annoncé qu’une fois :{chats}',
  'telegram.unbridged-more':
    'Des messages sont arrivés sur Telegram dans des groupes ou des canaux qui ne sont pas encore reliés : lisez-les dans l’application Telegram. Chacun n’est annoncé qu’une fois :{chats}\n- et {count:autre|autres}',
  'telegram.only-people': 'Seules les discussions directes avec des personnes sont reliées à Telegram pour le moment.',
  'pigeon.flow-password': 'avec un nom et un mot de passe',
  'pigeon.ask': 'Envoyez le nom de votre compte Pigeon, puis son mot de passe.',
  'pigeon.ask-again': 'Le nom ou le mot de passe n’est pas le bon. Envoyez de nouveau le nom, puis le mot de passe.',
  'pigeon.name': 'nom',
  'pigeon.password': 'mot de passe',
  'pigeon.wait': 'Connexion à Pigeon…',
};
