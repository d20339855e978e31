// Ce que dit l’adaptateur WhatsApp : types de message, avis dans les salons, refus, états d’une connexion.
export const fr = {
  'kind.live-location': 'position en direct',
  'kind.view-once': 'message à vue unique',
  'kind.vote': 'vote à un sondage',
  'kind.event': 'évènement',
  'kind.order': 'commande',
  'kind.product': 'produit',
  'kind.payment': 'paiement',
  'kind.group-invite': 'invitation à un groupe',
  'kind.newsletter': 'publication de chaîne',
  'kind.album': 'album',
  'kind.pin': 'message épinglé',
  'kind.reaction': 'réaction',
  'kind.comment': 'commentaire',
  'kind.edit': 'message modifié',
  'kind.status': 'statut',
  'kind.voice-call': 'Appel vocal',
  'kind.video-call': 'Appel vidéo',
  'whatsapp.waiting':
    'Ce message est encore illisible. Son texte apparaîtra ici quand le téléphone de son auteur l’aura renvoyé, ou que le vôtre l’aura transmis.',
  'whatsapp.unread': 'Quelque chose d’illisible ici est arrivé sur WhatsApp : voyez-le sur votre téléphone.',
  'whatsapp.unread-somewhere':
    'Quelque chose d’illisible ici est arrivé sur WhatsApp, et je ne peux pas dire dans quelle discussion : regardez WhatsApp sur votre téléphone. Je ne le dis qu’une fois.',
  'whatsapp.trouble':
    'Ce qui arrive sur WhatsApp ne peut pas être lu ici pour le moment. Un nouvel essai se fait de lui-même : prévenez un administrateur si cela dure.',
  'whatsapp.unreadable-state':
    'Ce que la passerelle garde de cette connexion est illisible. Votre connexion reste : prévenez un administrateur.',
  'whatsapp.view-once': 'Un message à vue unique : il ne s’ouvre que sur votre téléphone.',
  'whatsapp.call': 'Appel vocal : répondez sur votre téléphone.',
  'whatsapp.video-call': 'Appel vidéo : répondez sur votre téléphone.',
  'whatsapp.group-call': '{kind} dans ce groupe : rejoignez-le sur votre téléphone.',
  'whatsapp.group-call-over': '{kind} dans ce groupe : il est terminé.',
  'whatsapp.call-answered': '{kind} : pris sur votre téléphone.',
  'whatsapp.call-declined': '{kind} : refusé sur votre téléphone.',
  'whatsapp.status-elsewhere':
    'Les statuts ne sont pas apportés ici : voyez-les dans WhatsApp sur votre téléphone. Je ne le dis qu’une fois.',
  'whatsapp.channels-elsewhere':
    'Les publications des chaînes ne sont pas apportées ici : voyez-les dans WhatsApp sur votre téléphone. Je ne le dis qu’une fois.',
  'whatsapp.lists-elsewhere':
    'Ce que votre téléphone envoie à une liste de diffusion n’est pas apporté ici ; les réponses le sont. Je ne le dis qu’une fois.',
  'whatsapp.missed-call': 'Appel vocal manqué.',
  'whatsapp.missed-video-call': 'Appel vidéo manqué.',
  'whatsapp.timer-off': 'Les messages ne disparaissent plus de cette discussion sur WhatsApp.',
  'whatsapp.timer-hours':
    'Les nouveaux messages disparaissent de cette discussion sur WhatsApp au bout de {hours:heure|heures}. Dans ce salon, ils restent aussi longtemps que votre serveur les garde.',
  'whatsapp.timer-hours-here':
    'Les nouveaux messages disparaissent de cette discussion sur WhatsApp au bout de {hours:heure|heures}. De ce salon aussi.',
  'whatsapp.timer-days':
    'Les nouveaux messages disparaissent de cette discussion sur WhatsApp au bout de {days:jour|jours}. Dans ce salon, ils restent aussi longtemps que votre serveur les garde.',
  'whatsapp.timer-days-here':
    'Les nouveaux messages disparaissent de cette discussion sur WhatsApp au bout de {days:jour|jours}. De ce salon aussi.',
  'whatsapp.new-number': 'Cette personne a un nouveau numéro sur WhatsApp ; la conversation continue ici.',
  'whatsapp.number-changed': 'Un numéro de téléphone a changé sur WhatsApp.',
  'whatsapp.join-request':
    'Quelqu’un demande à entrer dans ce groupe : écrivez `demandes` et le nom du groupe dans votre salon avec le robot.',
  'whatsapp.message-gone': 'Ce message n’est plus accessible sur WhatsApp.',
  'whatsapp.empty': 'WhatsApp ne transporte pas de message vide.',
  'whatsapp.too-long': 'Le texte est trop long pour un message WhatsApp.',
  'whatsapp.not-yours': 'WhatsApp ne laisse que son auteur modifier ce message.',
  'whatsapp.not-admin-of-message':
    'sur WhatsApp, seul un administrateur du groupe peut supprimer ce que quelqu’un d’autre a écrit : le message y reste.',
  'whatsapp.no-emoji': 'WhatsApp ne transporte que des émojis comme réactions.',
  'whatsapp.no-secret':
    'WhatsApp n’accepte pas de réaction à ce message depuis ici : il a été écrit avant que votre compte soit lié, ou il y a longtemps.',
  'whatsapp.logged-out': 'WhatsApp a dissocié cet appareil. Envoyez `connexion whatsapp` pour l’associer à nouveau.',
  'whatsapp.locked':
    'WhatsApp a verrouillé ce compte. Ouvrez WhatsApp sur le téléphone, confirmez que c’est bien vous, puis envoyez `connexion whatsapp`.',
  'whatsapp.banned':
    'WhatsApp a banni ce compte. Ouvrez WhatsApp sur le téléphone et demandez un réexamen ; une fois l’interdiction levée, envoyez `connexion whatsapp`.',
  'whatsapp.unwelcome':
    'WhatsApp refuse la façon dont la passerelle se présente. Un administrateur doit la mettre à jour ; votre connexion reste.',
  'whatsapp.phone-away':
    'Votre téléphone n’a donné aucun signe depuis {days:jour|jours}. WhatsApp dissocie la passerelle quand il reste absent {limit:jour|jours} : ouvrez WhatsApp sur le téléphone.',
  'whatsapp.phone-gone':
    'Votre téléphone n’a donné aucun signe depuis {days:jour|jours}, et WhatsApp peut dissocier la passerelle à tout moment. Ouvrez maintenant WhatsApp sur le téléphone ; si le lien est rompu, envoyez `connexion whatsapp`.',
  'whatsapp.temp-ban':
    'WhatsApp a banni ce compte jusqu’au {until}. Attendez : la passerelle reprend alors d’elle-même. Écrivez moins ensuite.',
  'whatsapp.ban-strangers':
    'WhatsApp a banni ce compte jusqu’au {until} : trop de messages à des personnes qui n’ont pas son numéro. Attendez, puis ne répondez qu’à celles qui écrivent d’abord.',
  'whatsapp.ban-blocked':
    'WhatsApp a banni ce compte jusqu’au {until} : trop de personnes l’ont bloqué. Attendez, puis n’écrivez qu’à celles qui s’y attendent.',
  'whatsapp.ban-groups':
    'WhatsApp a banni ce compte jusqu’au {until} : trop de groupes avec des personnes qui n’ont pas son numéro. Attendez, puis n’en créez plus.',
  'whatsapp.ban-same':
    'WhatsApp a banni ce compte jusqu’au {until} : le même message est allé à trop de personnes. Attendez, puis ne l’envoyez plus.',
  'whatsapp.ban-lists':
    'WhatsApp a banni ce compte jusqu’au {until} : trop de messages à une liste de diffusion. Attendez, puis utilisez moins la liste.',
  'whatsapp.outdated':
    'WhatsApp n’accepte plus cette version de la passerelle. Un administrateur doit la mettre à jour ; votre connexion reste.',
  'whatsapp.no-multi-device':
    'Ce compte WhatsApp n’admet pas encore d’appareils associés. Mettez WhatsApp à jour sur le téléphone, puis envoyez `connexion whatsapp`.',
  'whatsapp.replaced':
    'Un autre programme utilise ce lien avec WhatsApp. Un administrateur doit l’arrêter, puis redémarrer la passerelle.',
  'whatsapp.may-not-write': 'Vous ne pouvez pas écrire dans cette discussion WhatsApp.',
  'whatsapp.group-deleted':
    'Ce groupe a été supprimé sur WhatsApp : rien de nouveau n’arrive ici, et ce que vous écrivez ne quitte pas ce salon.',
  'whatsapp.group-suspended': 'WhatsApp a suspendu ce groupe : personne ne peut y écrire pour le moment.',
  'whatsapp.group-unsuspended': 'WhatsApp a levé la suspension de ce groupe.',
  'whatsapp.link-shut':
    'WhatsApp a fermé pour un temps le lien vers ce groupe : personne ne peut y entrer par là pour le moment.',
  'whatsapp.link-open': 'On peut de nouveau entrer dans ce groupe par son lien WhatsApp. Le lien peut avoir changé.',
  'whatsapp.group-changed':
    'Quelque chose de ce groupe a changé sur WhatsApp et n’est pas montré ici : voyez-le sur votre téléphone.',
  'whatsapp.several-contacts': 'Plusieurs de vos contacts s’appellent « {name} » : écrivez plutôt le numéro.',
  'whatsapp.group-invite':
    'Une invitation au groupe « {name} ». Pour l’accepter, écrivez `rejoindre {word}` dans votre salon avec le robot.',
  'whatsapp.no-link': 'Ceci n’est pas un lien vers un groupe WhatsApp. Il commence par https://chat.whatsapp.com/.',
  'whatsapp.link-gone': 'Ce lien vers un groupe WhatsApp n’est plus valable.',
  'whatsapp.not-admin': 'Sur WhatsApp, seuls les administrateurs de ce groupe peuvent faire cela.',
  'whatsapp.owner-stays': 'WhatsApp ne laisse personne retirer ses droits à qui a créé le groupe.',
  'whatsapp.not-member': 'Cette personne n’est pas dans le groupe sur WhatsApp.',
  'whatsapp.add-privacy':
    'Cette personne ne vous permet pas de l’ajouter à des groupes sur WhatsApp : envoyez-lui plutôt le lien du groupe.',
  'whatsapp.add-invited':
    'Cette personne ne vous permet pas de l’ajouter à des groupes sur WhatsApp. Une invitation lui a été envoyée à la place : elle entrera dans le groupe quand elle l’acceptera.',
  'whatsapp.add-uninvited':
    'Cette personne ne vous permet pas de l’ajouter à des groupes sur WhatsApp, et aucune invitation ne peut lui être envoyée d’ici pour le moment : envoyez-lui le lien du groupe depuis le téléphone.',
  'whatsapp.add-left': 'Cette personne a quitté le groupe il y a peu : envoyez-lui plutôt le lien du groupe.',
  'whatsapp.group-full': 'Ce groupe est complet sur WhatsApp.',
  'whatsapp.picture-large': 'Cette image dépasse {count} Mo : c’est trop pour un groupe.',
  'whatsapp.picture-unreadable':
    'Cette image est illisible. Ce qui est en JPEG, PNG, GIF ou WebP part en JPEG vers WhatsApp.',
  'whatsapp.group-not-acceptable': 'WhatsApp n’accepte pas cela pour un groupe.',
  'whatsapp.group-name-long': 'WhatsApp ne prend pas plus de {count:caractère|caractères} pour le nom d’un groupe.',
  'whatsapp.group-topic-long':
    'WhatsApp ne prend pas plus de {count:caractère|caractères} pour la description d’un groupe.',
  'whatsapp.peer-gone': 'Cette personne ou ce groupe n’est plus joignable sur WhatsApp.',
  'whatsapp.restricted':
    'WhatsApp ne laisse pas ce compte commencer de nouvelles discussions pour le moment. Attendez que l’autre personne écrive ; vos autres discussions continuent.',
  'whatsapp.restricted-until':
    'WhatsApp ne laisse pas ce compte commencer de nouvelles discussions avant le {until}. Attendez que l’autre personne écrive, ou cette date ; vos autres discussions continuent.',
  'whatsapp.timed-out': 'WhatsApp n’a pas répondu à temps. Il n’y a rien à faire : la passerelle réessaie d’elle-même.',
  'whatsapp.line-lost':
    'La connexion à WhatsApp a été perdue. Il n’y a rien à faire : la passerelle la rouvre d’elle-même.',
  'whatsapp.server-fault':
    'WhatsApp a coupé la connexion par une faute de son côté (500). Il n’y a rien à faire : la passerelle réessaie d’elle-même.',
  'whatsapp.busy':
    'WhatsApp n’est pas disponible pour le moment (503). Il n’y a rien à faire : la passerelle réessaie d’elle-même.',
  'whatsapp.restarting':
    'WhatsApp demande une nouvelle connexion. Il n’y a rien à faire : la passerelle l’ouvre aussitôt.',
  'whatsapp.ended':
    'WhatsApp a coupé la connexion pour une raison que la passerelle ne connaît pas ({code}). Elle réessaie d’elle-même ; si cela dure, donnez ce numéro à un administrateur.',
  'whatsapp.pace-young':
    'Ce lien est encore récent : tant qu’il n’a pas {count:jour|jours}, commencez les discussions sur le téléphone, pour que WhatsApp ne bannisse pas le compte.',
  'whatsapp.pace-new-chats':
    'Pas plus de {count:nouvelle discussion|nouvelles discussions} par jour, pour que WhatsApp ne bannisse pas le compte. Réessayez demain.',
  'whatsapp.pace-new-chats-week':
    'Pas plus de {count:nouvelle discussion|nouvelles discussions} par semaine, pour que WhatsApp ne bannisse pas le compte. Réessayez la semaine prochaine.',
  'whatsapp.pace-same-text':
    'Le même texte est allé à {count:discussion|discussions} en un jour. WhatsApp bannit des comptes pour davantage : écrivez autre chose, ou attendez demain.',
  'whatsapp.pace-lookups':
    'Pas plus de {count:personne recherchée|personnes recherchées} par jour sur WhatsApp. Réessayez demain.',
  'whatsapp.no-groups':
    'On ne crée pas de groupe d’ici : de nouveaux groupes d’inconnus font bannir des comptes. Créez-le sur le téléphone, il arrive ici de lui-même. (L’exploitant peut en permettre quelques-uns par jour : `pacing.groupsPerDay`.)',
  'whatsapp.pace-groups': 'Pas plus de {count:groupe créé|groupes créés} par jour : créez-le sur le téléphone.',
  'whatsapp.reconnects':
    'La liaison avec WhatsApp s’est rompue sans cesse : {count:ouverture|ouvertures} en une journée. Pour que WhatsApp ne restreigne pas le compte, elle sera rouverte le {when} au plus tôt. Écrivez `reconnecter whatsapp` pour qu’elle le soit maintenant.',
  'whatsapp.flow-qr': 'avec un code QR',
  'whatsapp.flow-code': 'avec un code à saisir sur le téléphone',
  'whatsapp.ask-phone':
    'Envoyez le numéro de téléphone de votre compte WhatsApp, avec l’indicatif du pays (par exemple +33 6 12 34 56 78).',
  'whatsapp.phone': 'numéro de téléphone',
  'whatsapp.phone-invalid':
    'Ce n’est pas un numéro de téléphone avec l’indicatif du pays. Envoyez-le comme +33 6 12 34 56 78.',
  'whatsapp.wait': 'Échange avec WhatsApp…',
  'whatsapp.show-qr':
    'Sur le téléphone, ouvrez WhatsApp, Appareils connectés, Connecter un appareil, et scannez ce code. Un nouveau prend sa place ici pendant que vous cherchez.',
  'whatsapp.show-code':
    'Sur le téléphone, ouvrez WhatsApp, Appareils connectés, Connecter un appareil, Connecter avec un numéro de téléphone, et saisissez ce code.',
  'whatsapp.not-linked':
    'Aucun téléphone n’a connecté cet appareil à temps. Si le téléphone a demandé une clé d’accès (passkey), la passerelle ne peut pas continuer : la bibliothèque avec laquelle elle parle à WhatsApp n’y sait pas répondre. Écrivez `connexion whatsapp` pour recommencer.',
  'whatsapp.too-many-links':
    'Trop de connexions ont été tentées aujourd’hui : WhatsApp restreint des comptes pour davantage. Réessayez demain.',
};
