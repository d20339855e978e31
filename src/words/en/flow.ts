// What the flow tells people in rooms: failures, delays, first contact.
export const en = {
  'fault.not-delivered': 'Not delivered: {why}',
  'fault.slow': 'This message is taking long. It will be sent as soon as possible.',
  'fault.too-old':
    'This message waited more than 24 hours and was not sent. Answer `send {id}` in the management room to send it now.',
  'fault.internal': 'something went wrong inside the bridge; its log says what.',
  'fault.unreadable': 'the bridge could not read it.',
  'fault.too-large': 'it is too long.',
  'fault.homeserver': 'the homeserver refused it.',
  'fault.no-target': 'the message it refers to is not known on {network}.',
  'fault.edit-too-late': '{network} allows a message to be edited for {minutes:minute|minutes} only.',
  'fault.remove-too-late':
    '{network} lets a message be deleted for everyone for {hours:hour|hours} only: over there it stays.',
  'fault.edit-perhaps-late':
    '{network} allows a message to be edited for {minutes:minute|minutes} only, and never answered to this edit: over there the message may still say what it said before.',
  'fault.remove-perhaps-late':
    '{network} lets a message be deleted for everyone for {hours:hour|hours} only, and never answered to this deletion: over there the message may still stand.',
  'fault.forgotten':
    'the message is older than {days:day|days}, so the bridge no longer knows which one it is on {network}.',
  'fault.unsupported-action': 'this cannot be carried to {network} yet.',
  'fault.unsupported-body': 'this kind of message ({kind}) cannot be carried to {network} yet.',
  'fault.not-brought': 'A message could not be brought here from the other side: {why}',
  'fault.not-yours': 'only the author of a message can change it.',
  'fault.invitation':
    'Your invitation into the room {room} could not be followed: {why} To try again, invite once more.',
  'fault.unsaid': 'In the room {room} I was not let say this. {words}',
  'fault.taken-back': 'This was taken back before it could leave, so it will not be sent.',
  'fault.older-edit':
    'This change of your message will not be sent: your newer one takes its place, also if you discard that one.',
  'portal.signed-out':
    'You are not signed in to {network}, so this message waits. Send `login {login}` to {bot} and it will be sent.',
  'portal.no-login':
    'You have no login on {network}, so nothing you write here leaves this room. To take part, send `login {login}` to {bot}.',
  'portal.detached':
    'I was removed from the room of {chat} on {network}. The next message of that conversation opens a new room.',
  'portal.closed': 'this conversation is closed.',
  'portal.read-only': 'this conversation is read-only.',
  'restored.undecided':
    'The bridge came back from a backup. In “{chat}” on {network} it could not tell whether a message was here already: it may be here twice.',
  'portal.encryption-forced':
    'This homeserver turned encryption on in this room. I cannot read encrypted messages yet, so what you write here will not leave it.',
  'portal.cannot-decrypt': 'this room is encrypted and I cannot read encrypted messages yet.',
  'group.left-there':
    'You are no longer in this group on {network}: nothing new comes here, and what you write does not leave this room.',
  'group.needs-name': 'a group needs a name.',
  'group.no-account': '{user} has no account on {network} and can have no role in this group.',
  'timer.usage': 'write `!disappear 24h`, `!disappear 7d`, `!disappear 90d` or `!disappear off`.',
  'timer.off': 'From now on messages stay in this chat on {network}.',
  'timer.hours':
    'From now on messages disappear from this chat on {network} after {hours:hour|hours}. They stay in this room for as long as your homeserver keeps them.',
  'timer.hours-here':
    'From now on messages disappear from this chat on {network} after {hours:hour|hours}. From this room they go as well.',
  'timer.days':
    'From now on messages disappear from this chat on {network} after {days:day|days}. They stay in this room for as long as your homeserver keeps them.',
  'timer.days-here':
    'From now on messages disappear from this chat on {network} after {days:day|days}. From this room they go as well.',
  'portal.removed-by': 'Deleted by {name} on {network}.',
  'portal.unsupported': '[{kind}: not bridged yet, see it on {network}]',
  'policy.login-denied': 'You may not sign in to {network}: {reason}',
  'room.encrypted-invite':
    'I cannot read encrypted rooms yet. I have opened an unencrypted room with you for my commands.',
  'room.management':
    'Hello, I am the bridge. Write `help` to see what I can do. / Bonjour, je suis la passerelle. Écrivez `aide` ou `lang fr`.',
  'room.not-private': 'I take commands only in a private room with you alone.',
  'room.to-be-group':
    'This room can become a group on {network}: make me an admin here (power level 100), invite those whom it is for, and write `create-group {login} {room}` in your private room with me. Until then nothing leaves this room.',
  'policy.start-denied': 'You may not begin this conversation on {network}: {reason}',
  'policy.start-denied-plain':
    'You may not begin this conversation on {network}: a rule forbids it. Ask an administrator.',
  'policy.start-denied-default':
    'You may not begin this conversation on {network}: no rule allows it. Ask an administrator for `{rule}`.',
  'policy.inbound-denied': 'Messages of {chat} on {network} are not brought here: {reason}',
  'policy.inbound-denied-plain':
    'Messages of {chat} on {network} are not brought here: a rule forbids it. Ask an administrator.',
  'policy.inbound-denied-default':
    'Messages of {chat} on {network} are not brought here: no rule allows it. Ask an administrator.',
  'room.please-redact': 'I may not remove your message in this room: please delete it yourself now, it holds a secret.',
  'room.ghost-direct-only':
    'I take part in direct conversations only: open a room with me alone to write to me on {network}.',
  'room.ghost-encrypted':
    'This room is encrypted and the bridge cannot read encrypted messages yet. Ask the bridge for a conversation with `start-chat` instead.',
  'room.goes-on': 'This is the same person as in another room of yours. The conversation goes on there: {room}',
  'room.ghost-elsewhere': 'Our conversation already has a room, where you are invited: {room}',
};
