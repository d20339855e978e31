// Ce que le flux dit aux personnes dans les salons : échecs, retards, premier contact.
export const fr = {
  'fault.not-delivered': 'Non remis : {why}',
  'fault.slow': 'Ce message prend du temps. Il sera envoyé dès que possible.',
  'fault.too-old':
    'Ce message a attendu plus de 24 heures et n’a pas été envoyé. Répondez `envoyer {id}` dans le salon de gestion pour l’envoyer maintenant.',
  'fault.internal': 'une erreur est survenue dans la passerelle ; son journal dit laquelle.',
  'fault.unreadable': 'la passerelle n’a pas pu le lire.',
  'fault.too-large': 'il est trop long.',
  'fault.homeserver': 'le serveur Matrix l’a refusé.',
  'fault.no-target': 'le message auquel il se rapporte est inconnu sur {network}.',
  'fault.edit-too-late': '{network} ne permet de modifier un message que pendant {minutes:minute|minutes}.',
  'fault.remove-too-late':
    '{network} ne permet de supprimer un message pour tout le monde que pendant {hours:heure|heures} : il y reste.',
  'fault.edit-perhaps-late':
    '{network} ne permet de modifier un message que pendant {minutes:minute|minutes} et n’a jamais répondu à cette modification : le message y dit peut-être encore ce qu’il disait.',
  'fault.remove-perhaps-late':
    '{network} ne permet de supprimer un message pour tout le monde que pendant {hours:heure|heures} et n’a jamais répondu à cette suppression : le message y est peut-être encore.',
  'fault.forgotten':
    'le message a plus de {days:jour|jours}, la passerelle ne sait plus duquel il s’agit sur {network}.',
  'fault.unsupported-action': 'ceci ne peut pas encore être transmis à {network}.',
  'fault.unsupported-body': 'ce type de message ({kind}) ne peut pas encore être transmis à {network}.',
  'fault.not-brought': 'Un message de l’autre côté n’a pas pu être apporté ici : {why}',
  'fault.not-yours': 'seul l’auteur d’un message peut le modifier.',
  'fault.invitation':
    'Votre invitation dans le salon {room} n’a pas pu être suivie : {why} Pour réessayer, invitez de nouveau.',
  'fault.unsaid': 'Dans le salon {room}, on ne m’a pas laissé dire ceci. {words}',
  'fault.taken-back': 'Ceci a été supprimé avant de partir et ne sera pas envoyé.',
  'fault.older-edit':
    'Cette modification de votre message ne sera pas envoyée : la plus récente la remplace, même si vous jetez cette dernière.',
  'portal.signed-out':
    'Vous n’êtes pas connecté à {network} : ce message attend. Envoyez `connexion {login}` à {bot} et il partira.',
  'portal.no-login':
    'Vous n’avez pas de connexion à {network} : rien de ce que vous écrivez ici ne sort de ce salon. Pour participer, envoyez `connexion {login}` à {bot}.',
  'portal.detached':
    'J’ai été retirée du salon de {chat} sur {network}. Le prochain message de cette conversation ouvrira un nouveau salon.',
  'portal.closed': 'cette conversation est fermée.',
  'portal.read-only': 'cette conversation est en lecture seule.',
  'restored.undecided':
    'La passerelle revient d’une sauvegarde. Dans « {chat} » sur {network}, elle n’a pas pu savoir si un message était déjà ici : il y est peut-être deux fois.',
  'portal.encryption-forced':
    'Ce serveur a activé le chiffrement dans ce salon. Je ne sais pas encore lire les messages chiffrés : ce que vous écrivez ici n’en sortira pas.',
  'portal.cannot-decrypt': 'ce salon est chiffré et je ne sais pas encore lire les messages chiffrés.',
  'group.left-there':
    'Vous n’êtes plus dans ce groupe sur {network} : rien de nouveau n’arrive ici, et ce que vous écrivez ne quitte pas ce salon.',
  'group.needs-name': 'un groupe a besoin d’un nom.',
  'group.no-account': '{user} n’a pas de compte {network} et ne peut avoir aucun rôle dans ce groupe.',
  'timer.usage': 'écrivez `!ephemere 24h`, `!ephemere 7j`, `!ephemere 90j` ou `!ephemere non`.',
  'timer.off': 'Désormais, les messages restent dans cette discussion sur {network}.',
  'timer.hours':
    'Désormais, les messages disparaissent de cette discussion sur {network} au bout de {hours:heure|heures}. Dans ce salon, ils restent aussi longtemps que votre serveur les garde.',
  'timer.hours-here':
    'Désormais, les messages disparaissent de cette discussion sur {network} au bout de {hours:heure|heures}. De ce salon aussi.',
  'timer.days':
    'Désormais, les messages disparaissent de cette discussion sur {network} au bout de {days:jour|jours}. Dans ce salon, ils restent aussi longtemps que votre serveur les garde.',
  'timer.days-here':
    'Désormais, les messages disparaissent de cette discussion sur {network} au bout de {days:jour|jours}. De ce salon aussi.',
  'portal.removed-by': 'Supprimé par {name} sur {network}.',
  'portal.unsupported': '[{kind} : pas encore transmis, à voir sur {network}]',
  'policy.login-denied': 'Vous ne pouvez pas vous connecter à {network} : {reason}',
  'room.encrypted-invite':
    'Je ne sais pas encore lire les salons chiffrés. J’ai ouvert avec vous un salon non chiffré pour mes commandes.',
  'room.management':
    'Bonjour, je suis la passerelle. Écrivez `aide` pour voir ce que je sais faire. / Hello, I am the bridge. Write `help` or `lang en`.',
  'room.not-private': 'Je ne prends de commandes que dans un salon privé avec vous seul.',
  'room.to-be-group':
    'Ce salon peut devenir un groupe sur {network} : faites de moi un administrateur d’ici (niveau de pouvoir 100), invitez les personnes concernées et écrivez `créer-groupe {login} {room}` dans votre salon privé avec moi. D’ici là, rien ne sort de ce salon.',
  'policy.start-denied': 'Vous ne pouvez pas commencer cette conversation sur {network} : {reason}',
  'policy.start-denied-plain':
    'Vous ne pouvez pas commencer cette conversation sur {network} : une règle l’interdit. Demandez à un administrateur.',
  'policy.start-denied-default':
    'Vous ne pouvez pas commencer cette conversation sur {network} : aucune règle ne l’autorise. Demandez `{rule}` à un administrateur.',
  'policy.inbound-denied': 'Les messages de {chat} sur {network} ne sont pas transmis ici : {reason}',
  'policy.inbound-denied-plain':
    'Les messages de {chat} sur {network} ne sont pas transmis ici : une règle l’interdit. Demandez à un administrateur.',
  'policy.inbound-denied-default':
    'Les messages de {chat} sur {network} ne sont pas transmis ici : aucune règle ne l’autorise. Demandez à un administrateur.',
  'room.please-redact':
    'Je ne peux pas supprimer votre message dans ce salon : supprimez-le vous-même maintenant, il contient un secret.',
  'room.ghost-direct-only':
    'Je ne participe qu’à des conversations directes : ouvrez un salon avec moi seul pour m’écrire sur {network}.',
  'room.ghost-encrypted':
    'Ce salon est chiffré et la passerelle ne sait pas encore lire les messages chiffrés. Demandez-lui plutôt une conversation avec `discuter`.',
  'room.goes-on': 'C’est la même personne que dans un autre de vos salons. La conversation continue là-bas : {room}',
  'room.ghost-elsewhere': 'Notre conversation a déjà un salon, où vous êtes invité : {room}',
};
