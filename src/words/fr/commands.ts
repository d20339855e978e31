// Ce que dit le salon de gestion : commandes, connexions, règles.
export const fr = {
  'command.unknown': 'Je ne connais pas cette commande. Écrivez `aide` pour voir ce que je sais faire.',
  'command.help': 'Ce que je peux faire pour vous :\n{lines}',
  'command.usage': 'Comme ceci : {usage}',
  'command.not-understood': 'Je ne comprends pas « {word} » ici. Comme ceci : {usage}',
  'command.one-line': 'Une commande tient sur une seule ligne. Rien n’a été fait.',
  'command.too-long': 'Cette ligne est trop longue pour une commande. Rien n’a été fait.',
  'command.strange-characters':
    'Cette ligne contient des caractères invisibles. Tapez-la de nouveau. Rien n’a été fait.',
  'command.open-quote': 'Un guillemet n’est pas fermé. Rien n’a été fait.',
  'command.too-many': 'Cela fait beaucoup à la fois : je reprends dans une minute. D’ici là, rien de plus n’est fait.',
  'command.not-administrator': 'Seuls les administrateurs de la passerelle peuvent faire cela.',
  'command.login-interrupted':
    'La connexion à {network} n’est plus en cours. Écrivez `connexion {login}` pour recommencer.',

  'help.help': '`aide` : affiche ceci',
  'help.login': '`connexion <réseau> [manière]` : vous connecte à un réseau ; sans réseau, montre lesquels existent',
  'help.reconnect': '`reconnecter [réseau] [compte]` : rouvre la liaison de vos connexions, là où elle est fermée',
  'help.logout': '`déconnexion [réseau] [compte ou tous]` : vous déconnecte',
  'help.logins': '`connexions` : montre vos connexions',
  'help.cancel': '`annuler` : arrête la connexion en cours',
  'help.start-chat': '`discuter [réseau] [comme <compte>] <identifiant, numéro ou contact>` : ouvre une conversation',
  'help.contacts':
    '`carnet [réseau] [comme <compte>] [mot]` : montre votre propre carnet d’adresses là-bas ; `discuter` accepte aussi ses noms',
  'help.groups': '`groupes [réseau] [comme <compte>] [mot]` : montre vos groupes là-bas',
  'help.open-group': '`ouvrir-groupe <groupe>` : ouvre le salon d’un groupe qui n’en a pas encore',
  'help.create-group':
    '`créer-groupe [réseau] [comme <compte>] "<nom>" <numéros …>` : crée un groupe avec ces personnes (séparées par des virgules) ; avec le seul lien d’un salon, en fait un groupe avec ses membres',
  'help.join-group': '`rejoindre [réseau] [comme <compte>] <lien>` : entre dans un groupe par son lien',
  'help.invite-link': '`lien <groupe> [nouveau]` : montre le lien d’un groupe ; `nouveau` en fait un autre',
  'help.join-requests': '`demandes <groupe>` : montre qui demande à entrer dans un groupe',
  'help.accept-request': '`accepter-demande <groupe> <code ou tous>` : laisse entrer',
  'help.refuse-request': '`refuser-demande <groupe> <code ou tous>` : ne laisse pas entrer',
  'help.leave-group': '`quitter-groupe <groupe>` : quitte un groupe là-bas',
  'help.parked': '`attente` : montre ce qui n’a pas pu être remis',
  'help.send': '`envoyer <numéro>` : envoie l’un de ces messages maintenant',
  'help.discard': '`abandonner <numéro>` : jette l’un de ces messages',
  'help.ping': '`ping` : montre que je suis là',
  'help.lang': '`langue fr|en` : choisit ma langue',
  'help.allow':
    '`autoriser connexion|conversation|nouvelle-conversation|administrer|tout <utilisateur, :serveur ou *> [réseau] [conversation] [jusqu’au 31/03/2027] [motif …]` : pose une règle qui autorise',
  'help.deny':
    '`refuser connexion|conversation|nouvelle-conversation|administrer|tout [utilisateur, :serveur ou *] [réseau] [conversation] [jusqu’au 31/03/2027] [motif …]` : pose une règle qui interdit, et qui l’emporte sur toutes les autres',
  'help.rules':
    '`règles` : montre toutes les règles ; `règles retirer <id>` : en retire une ; `règles expliquer <action> <utilisateur> [réseau] [conversation]` : dit ce qui serait décidé, et pourquoi',

  'login.choose': 'Quel réseau ? Écrivez l’une de ces lignes :\n{lines}',
  'login.choice': '- `connexion {network} {flow}` : {title}',
  'login.no-network': 'Aucun réseau n’est configuré sur cette passerelle.',
  'login.unknown-network': 'Il n’y a pas de réseau « {network} ». Écrivez `connexion` pour voir lesquels existent.',
  'login.unknown-flow': 'Il n’y a pas cette manière de se connecter à {network}. Il y a : {flows}',
  'login.started': 'Je vous connecte à {network}. Écrivez `annuler` pour arrêter.',
  'login.busy': 'Une connexion à {network} est déjà en cours. Terminez-la ou écrivez `annuler`.',
  'login.empty-answer': 'Il faut une réponse. Écrivez `annuler` pour arrêter.',
  'login.one-line-answer': 'La réponse tient sur une seule ligne. Écrivez-la de nouveau.',
  'login.no-question': 'Ce n’est plus demandé.',
  'login.no-question-yet':
    'La connexion à {network} est en cours. Attendez sa prochaine question ou écrivez `annuler`.',
  'login.nothing-to-cancel': 'Il n’y a rien à annuler.',
  'login.cancelled': 'La connexion à {network} a été annulée.',
  'login.timed-out': 'La connexion à {network} a pris plus de dix minutes et a été arrêtée.',
  'login.broken-off': 'La connexion à {network} a été interrompue.',
  'login.broken': 'Une erreur est survenue dans la passerelle pendant la connexion à {network}. Réessayez plus tard.',
  'login.undone':
    'La connexion à {network} a été interrompue par un redémarrage de la passerelle ; votre compte était déjà associé, et il a été dissocié. Écrivez `connexion {login}` pour recommencer.',
  'login.still-linked':
    'La connexion à {network} a été interrompue par un redémarrage de la passerelle, et votre compte reste associé : retirez l’appareil « {device} » dans {network} sur votre téléphone, puis écrivez `connexion {login}` pour recommencer.',
  'login.done': 'Vous êtes connecté à {network} en tant que {name}.',
  'login.already':
    'Vous étiez déjà connecté à {network} en tant que {name} et cette connexion fonctionne : je l’ai gardée. Écrivez d’abord `déconnexion {login}` pour la refaire.',
  'login.account-taken':
    'Quelqu’un d’autre a déjà relié ce compte {network} : je me suis donc déconnectée. Un administrateur peut l’autoriser avec `{rule}`',
  'login.account-of-other':
    'Ce compte {network} appartient à la connexion de quelqu’un d’autre : je me suis donc déconnectée.',

  'logins.none': 'Vous n’avez aucune connexion.',
  'logins.list': 'Vos connexions :\n{lines}',
  'logins.line': '- {network}, {name} : {state}',
  'logins.contact': 'Dernier signe de votre téléphone {network} : {when}.',
  'state.online': 'connecté',
  'state.offline': 'pas connecté en ce moment',
  'state.stopped': 'coupé par le réseau',
  'state.signed-out': 'déconnecté',
  'state.paused': 'en pause',
  'state.resumed': 'Votre connexion à {network} ({name}) fonctionne à nouveau.',
  'state.unlimited': 'De nouvelles discussions sur {network} ({name}) vous sont à nouveau ouvertes.',
  'state.alert':
    '{network} refuse cette version de la passerelle, ou sa connexion ({code}) : ses connexions restent fermées jusqu’à ce que vous agissiez. Voir « When WhatsApp ends a connection » dans docs/install.md.',
  'reconnect.none':
    'Vous n’y avez aucune connexion dont la liaison puisse être rouverte. Écrivez `connexion` pour voir les réseaux.',
  'reconnect.online': 'La liaison est ouverte.',
  'reconnect.begun': 'Je rouvre la liaison avec {network} ({name}). `connexions` montre ce qu’il en est.',
  'help.relogin': '`réassocier [réseau] [façon]` : vous reconnecte à un compte déjà associé ; ses salons restent',
  'account.which':
    'Vous avez plusieurs comptes sur {network} :\n{lines}\nDites lequel : écrivez `comme` et le compte après le nom du réseau.',
  'account.unknown': 'Vous n’êtes pas connecté en tant que « {account} ». Vos comptes :\n{lines}',
  'logout.which-account':
    'Vous y avez plusieurs comptes :\n{lines}\nÉcrivez `déconnexion {network}` et l’un d’eux, ou `déconnexion {network} tous`.',
  'relogin.none': 'Toutes vos connexions fonctionnent. Écrivez `connexion` pour ajouter un compte.',
  'relogin.which': 'À quel réseau ? Écrivez `réassocier` et l’un de ceux-ci : {networks}',
  'login.cap-person':
    'Vous avez déjà {count:connexion|connexions}, et il n’en est pas permis davantage. Écrivez `déconnexion` pour celle dont vous n’avez plus besoin, ou demandez à un administrateur.',
  'login.already-linked':
    'Vous avez déjà relié {network}, en tant que {names} : rien de nouveau n’a été relié. Écrivez d’abord `déconnexion {login}`, pour relier un autre compte ou le même à nouveau.',
  'login.linked-and-away':
    'Vous avez déjà relié {network}, en tant que {name}, et ce compte n’est pas en liaison : rien de nouveau n’a été relié. Écrivez `réassocier {login}` pour relier le même compte, ou d’abord `déconnexion {login}` pour en relier un autre.',
  'login.cap-all': 'Cette passerelle a autant de connexions qu’elle peut en avoir. Demandez à un administrateur.',
  'account.one-more': '{network} ({name}) n’en était pas. Écrivez pour ce compte : `{line}`',
  'logout.none': 'Vous n’y êtes pas connecté.',
  'logout.which': 'De quel réseau ? Écrivez `déconnexion` et l’un de ceux-ci : {networks}',
  'logout.done': 'Vous êtes déconnecté de {network} ({name}).',
  'logout.only-here':
    'Votre connexion à {network} ({name}) est oubliée ici, mais {network} n’a pas pu être joint : mettez aussi fin à la session dans l’application de votre téléphone.',

  'chat.which-network': 'Sur quel réseau ? Écrivez `discuter`, l’un de {networks}, et avec qui.',
  'chat.no-login': 'Vous n’êtes connecté à aucun réseau. Écrivez `connexion`.',
  'chat.no-login-there': 'Vous n’êtes pas connecté à {network}. Écrivez `connexion {login}`.',
  'chat.not-connected': 'Votre connexion à {network} n’est pas établie en ce moment. Réessayez plus tard.',
  'chat.opening': 'J’ouvre la conversation avec {name} : vous allez recevoir une invitation.',
  'chat.opened': 'Votre conversation avec {name} : {room}',
  'chat.denied': 'Cette conversation ne peut pas être transmise : {reason}',
  'chat.denied-plain':
    'Cette conversation ne peut pas être transmise : une règle l’interdit. Demandez à un administrateur.',
  'chat.denied-default':
    'Cette conversation ne peut pas être transmise : aucune règle ne l’autorise. Demandez à un administrateur.',

  'contacts.cannot': 'Je ne vois pas de carnet d’adresses sur {network}.',
  'contacts.none': 'Votre carnet d’adresses sur {network} n’a personne de ce nom.',
  'contacts.list': 'Votre carnet d’adresses sur {network} :\n{lines}',
  'contacts.more': '- et {count} de plus : ajoutez un mot du nom',

  'group.not-with': '{name} ne peut pas entrer dans le groupe.',
  'group.which-network': 'Sur quel réseau ? Écrivez d’abord l’un de ceux-ci : {networks}.',
  'group.cannot': 'Cela ne peut pas se faire d’ici pour les groupes de {network}.',
  'group.unknown':
    'Je ne connais aucun groupe « {name} ». Écrivez son nom exactement (`groupes` les montre), ou le lien de son salon.',
  'group.not-in': 'Aucun de vos comptes sur {network} qui ont pu être interrogés n’est dans ce groupe :\n{lines}',
  'group.none': 'Vous n’êtes dans aucun groupe de ce nom sur {network}.',
  'group.list': 'Vos groupes sur {network} :\n{lines}',
  'group.applicant-unknown': 'quelqu’un dont ni le nom ni le numéro ne sont montrés',
  'group.several': 'Plusieurs groupes s’appellent « {name} » : envoyez plutôt le lien de son salon.',
  'group.not-all':
    'Cela n’a pas pu se faire pour {count} d’entre elles : envoyez-leur plutôt le lien du groupe (`lien`).',
  'group.room-not-there':
    'Je ne vois pas de tel salon où nous soyons tous deux. Invitez-y le robot ({bot}), puis écrivez ceci de nouveau.',
  'group.room-taken': 'Ce salon est déjà relié, ou un autre l’a remplacé.',
  'group.room-encrypted':
    'Ce salon est chiffré, et la passerelle ne sait pas encore lire les messages chiffrés : créez un salon sans chiffrement.',
  'group.room-powers':
    'Vous et moi devons être administrateurs de ce salon : donnez ce rôle au robot ({bot}, niveau de pouvoir 100), puis écrivez ceci de nouveau.',
  'group.room-nameless': 'Ce salon n’a pas de nom, et il en faut un à un groupe.',
  'group.room-nobody': 'Personne de ce salon ne peut entrer dans un groupe de {network}.',
  'group.room-making':
    'Je crée le groupe {name} sur {network} avec {count:personne|personnes} de ce salon. Ce qui y est écrit entre-temps attend.',
  'group.room-left':
    'Pas dans le groupe, car {network} ne les connaît pas ici ou aucune règle ne le permet : {people}. Ce que ces personnes écrivent ne sort pas du salon.',
  'group.room-not-all':
    '{network} n’a pas pris ces personnes dans le groupe : {people}. Envoyez-leur plutôt le lien du groupe (`lien`).',
  'group.room-made': 'Le salon est maintenant le groupe {name} sur {network} : {room}',
  'group.waiting':
    'Un administrateur de {name} doit vous laisser entrer. Le salon s’ouvrira ensuite au premier message.',
  'group.link': 'Le lien de {name} : {link} (qui l’a peut entrer)',
  'group.no-link': 'Il n’y a pas de lien vers ce groupe.',
  'group.no-requests': 'Personne ne demande à entrer dans {name}.',
  'group.requests':
    'Demandent à entrer dans {name} :\n{lines}\nÉcrivez `accepter-demande` ou `refuser-demande`, le groupe, puis le code ou `tous`.',
  'group.no-such-request': 'Personne ne demande à entrer avec le code {code}.',
  'group.accepted': 'Entrés dans {name} : {count}.',
  'group.refused': 'Refusés dans {name} : {count}.',
  'group.left': 'Vous avez quitté {name}. Son salon vous reste, et rien de nouveau n’y vient.',
  'parked.none': 'Rien n’attend de décision.',
  'parked.list': 'Non remis ({count}) :\n{lines}',
  'parked.line': '- {id} :{network} {when} : {why}',
  'parked.unknown': 'Vous n’avez pas de message non remis {id}.',
  'parked.sent': 'Le message {id} est reparti.',
  'parked.discarded': 'Le message {id} est jeté.',

  'ping.pong': 'pong',
  'ping.depth': 'pong. Dans la file : {queued} (le plus ancien depuis {seconds} s). Non remis : {parked}.',
  'lang.set': 'Je vous parle désormais en français.',

  'policy.login-denied-default':
    'Vous ne pouvez pas vous connecter à {network} : aucune règle ne l’autorise. Demandez à un administrateur.',
  'policy.login-denied-plain':
    'Vous ne pouvez pas vous connecter à {network} : une règle l’interdit. Demandez à un administrateur.',

  'rules.made': 'En vigueur : {rule}',
  'rules.none': 'Il n’y a aucune règle : rien n’est donc autorisé.',
  'rules.list': 'Les règles (un `deny` l’emporte sur tout `allow` ; rien n’est autorisé sans règle) :\n{lines}',
  'rules.line': '- {rule} ({by}, {when})',
  'rules.line-of-file': '- {rule} (fichier de configuration)',
  'rules.expired': '(expirée)',
  'rules.removed': 'La règle {id} est retirée.',
  'rules.unknown': 'Il n’y a pas de règle {id}.',
  'rules.of-file': 'La règle {id} figure dans le fichier de configuration : c’est là qu’elle se change.',
  'rules.say-everybody':
    'Pour qui ? Nommez un utilisateur (`@alice:example.org`) ou un serveur (`:example.org`). Écrivez `*` si vous voulez vraiment dire tout le monde, sur tous les serveurs.',
  'rules.bad-date': '« {word} » n’est pas une date. Écrivez-la comme 31/03/2027.',
  'rules.past-date': '{word} est passé.',
  'rules.explain-allowed': 'Autorisé.\n{lines}',
  'rules.explain-denied': 'Refusé.\n{lines}',
  'rules.explain-write': 'Ceci l’autoriserait : `{rule}`',
  'standing.fits': 'convient',
  'standing.expired': 'expirée',
  'standing.not-yet': 'pas encore en vigueur',
  'standing.other-action': 'porte sur une autre action',
  'standing.other-user': 'porte sur quelqu’un d’autre',
  'standing.other-network': 'porte sur un autre réseau',
  'standing.other-chat': 'porte sur une autre conversation',
};
