// What the WhatsApp adapter says: kinds of message, notices in rooms, refusals, states of a login.
export const en = {
  'kind.live-location': 'live location',
  'kind.view-once': 'view-once message',
  'kind.vote': 'vote in a poll',
  'kind.event': 'event',
  'kind.order': 'order',
  'kind.product': 'product',
  'kind.payment': 'payment',
  'kind.group-invite': 'invitation to a group',
  'kind.newsletter': 'channel post',
  'kind.album': 'album',
  'kind.pin': 'pinned message',
  'kind.reaction': 'reaction',
  'kind.comment': 'comment',
  'kind.edit': 'edited message',
  'kind.status': 'status update',
  'kind.voice-call': 'Voice call',
  'kind.video-call': 'Video call',
  'whatsapp.waiting':
    'This message cannot be read yet. Its text will appear here when the phone that wrote it sends it again, or your own hands it over.',
  'whatsapp.unread': 'Something that could not be read here came on WhatsApp: see it on your phone.',
  'whatsapp.unread-somewhere':
    'Something that could not be read here came on WhatsApp, and I cannot tell in which conversation: look at WhatsApp on your phone. I say this once.',
  'whatsapp.trouble':
    'What comes on WhatsApp cannot be read here at the moment. It is tried again by itself: tell an administrator if this stays so.',
  'whatsapp.unreadable-state':
    'What the bridge keeps of this login cannot be read. Your login stays: tell an administrator.',
  'whatsapp.view-once': 'A view-once message: it can be opened on your phone only.',
  'whatsapp.call': 'Voice call: answer it on your phone.',
  'whatsapp.video-call': 'Video call: answer it on your phone.',
  'whatsapp.group-call': '{kind} in this group: join it on your phone.',
  'whatsapp.group-call-over': '{kind} in this group: it is over.',
  'whatsapp.call-answered': '{kind}: answered on your phone.',
  'whatsapp.call-declined': '{kind}: declined on your phone.',
  'whatsapp.status-elsewhere':
    'Status updates are not brought here: see them in WhatsApp on your phone. I say this once.',
  'whatsapp.channels-elsewhere':
    'Posts of channels are not brought here: see them in WhatsApp on your phone. I say this once.',
  'whatsapp.lists-elsewhere':
    'What your phone sends to a broadcast list is not brought here; the answers to it are. I say this once.',
  'whatsapp.missed-call': 'Missed voice call.',
  'whatsapp.missed-video-call': 'Missed video call.',
  'whatsapp.timer-off': 'Messages no longer disappear from this chat on WhatsApp.',
  'whatsapp.timer-hours':
    'New messages disappear from this chat on WhatsApp after {hours:hour|hours}. They stay in this room for as long as your homeserver keeps them.',
  'whatsapp.timer-hours-here':
    'New messages disappear from this chat on WhatsApp after {hours:hour|hours}. From this room they go as well.',
  'whatsapp.timer-days':
    'New messages disappear from this chat on WhatsApp after {days:day|days}. They stay in this room for as long as your homeserver keeps them.',
  'whatsapp.timer-days-here':
    'New messages disappear from this chat on WhatsApp after {days:day|days}. From this room they go as well.',
  'whatsapp.new-number': 'This person has a new phone number on WhatsApp; the conversation goes on here.',
  'whatsapp.number-changed': 'A phone number was changed on WhatsApp.',
  'whatsapp.join-request':
    'Somebody asks to join this group: write `join-requests` and the group’s name in your room with the bot.',
  'whatsapp.group-deleted':
    'This group was deleted on WhatsApp: nothing new comes here, and what you write does not leave this room.',
  'whatsapp.group-suspended': 'WhatsApp has suspended this group: nobody can write in it over there for now.',
  'whatsapp.group-unsuspended': 'WhatsApp has ended the suspension of this group.',
  'whatsapp.link-shut': 'WhatsApp has shut the link into this group for a time: nobody can come in by it for now.',
  'whatsapp.link-open': 'People can come into this group on WhatsApp by its link again. The link may be a new one.',
  'whatsapp.group-changed':
    'Something about this group was changed on WhatsApp that is not shown here: see it on your phone.',
  'whatsapp.several-contacts': 'Several of your contacts are called “{name}”: write the number instead.',
  'whatsapp.group-invite':
    'An invitation to the group “{name}”. To accept it, write `join-group {word}` in your room with the bot.',
  'whatsapp.no-link': 'This is no link to a WhatsApp group. It begins with https://chat.whatsapp.com/.',
  'whatsapp.link-gone': 'This link to a WhatsApp group is no longer valid.',
  'whatsapp.message-gone': 'The message can no longer be pointed at on WhatsApp.',
  'whatsapp.empty': 'WhatsApp does not carry empty messages.',
  'whatsapp.too-long': 'The text is too long for one WhatsApp message.',
  'whatsapp.not-yours': 'WhatsApp lets only its author change this message.',
  'whatsapp.not-admin-of-message':
    'on WhatsApp only an admin of the group can delete what somebody else wrote: over there it stays.',
  'whatsapp.no-emoji': 'WhatsApp carries only emoji as reactions.',
  'whatsapp.no-secret':
    'WhatsApp takes no reaction to this message from here: it was written before your account was linked, or long ago.',
  'whatsapp.logged-out': 'WhatsApp unlinked this device. Send `login whatsapp` to link it again.',
  'whatsapp.locked':
    'WhatsApp has locked this account. Open WhatsApp on the phone, confirm that it is you, then send `login whatsapp`.',
  'whatsapp.banned':
    'WhatsApp has banned this account. Open WhatsApp on the phone and ask for a review; once it is lifted, send `login whatsapp`.',
  'whatsapp.unwelcome':
    'WhatsApp refuses how the bridge introduces itself. An administrator must update it; your login stays.',
  'whatsapp.phone-away':
    'Your phone has not been heard of for {days:day|days}. WhatsApp unlinks the bridge when it stays away for {limit:day|days}: open WhatsApp on the phone.',
  'whatsapp.phone-gone':
    'Your phone has not been heard of for {days:day|days}, and WhatsApp may unlink the bridge at any moment. Open WhatsApp on the phone now; if the link is gone, send `login whatsapp`.',
  'whatsapp.temp-ban':
    'WhatsApp has banned this account until {until}. Wait: the bridge goes on then by itself. Write less afterwards.',
  'whatsapp.ban-strangers':
    'WhatsApp has banned this account until {until}: too many messages to people who do not have its number. Wait, and answer only those who write first.',
  'whatsapp.ban-blocked':
    'WhatsApp has banned this account until {until}: too many people blocked it. Wait, and write only to people who expect it.',
  'whatsapp.ban-groups':
    'WhatsApp has banned this account until {until}: too many groups with people who do not have its number. Wait, and make no more of them.',
  'whatsapp.ban-same':
    'WhatsApp has banned this account until {until}: the same message went to too many people. Wait, and do not send it again.',
  'whatsapp.ban-lists':
    'WhatsApp has banned this account until {until}: too many messages to a broadcast list. Wait, and use the list less.',
  'whatsapp.outdated':
    'WhatsApp no longer accepts this version of the bridge. An administrator must update it; your login stays.',
  'whatsapp.no-multi-device':
    'This WhatsApp account does not allow linked devices yet. Update WhatsApp on the phone, then send `login whatsapp`.',
  'whatsapp.replaced':
    'Another program uses this link to WhatsApp. An administrator must stop it, then restart the bridge.',
  'whatsapp.may-not-write': 'You may not write in this chat on WhatsApp.',
  'whatsapp.not-admin': 'Only admins of this group may do that on WhatsApp.',
  'whatsapp.owner-stays': 'WhatsApp lets nobody take their rights from who made the group.',
  'whatsapp.not-member': 'This person is not in the group on WhatsApp.',
  'whatsapp.add-privacy': 'This person does not let you add them to groups on WhatsApp: send them its link instead.',
  'whatsapp.add-invited':
    'This person does not let you add them to groups on WhatsApp. An invitation was sent to them instead: they come in once they accept it.',
  'whatsapp.add-uninvited':
    'This person does not let you add them to groups on WhatsApp, and no invitation may be sent to them from here now: send them the group’s link on the phone.',
  'whatsapp.add-left': 'This person left the group not long ago: send them its link instead.',
  'whatsapp.group-full': 'This group is full on WhatsApp.',
  'whatsapp.picture-large': 'This picture is larger than {count} MB, which is too much for a group.',
  'whatsapp.picture-unreadable':
    'This picture cannot be read. WhatsApp gets a JPEG of whatever is JPEG, PNG, GIF or WebP.',
  'whatsapp.group-not-acceptable': 'WhatsApp does not accept that for a group.',
  'whatsapp.group-name-long': 'WhatsApp takes no more than {count:character|characters} as a group’s name.',
  'whatsapp.group-topic-long': 'WhatsApp takes no more than {count:character|characters} as a group’s description.',
  'whatsapp.peer-gone': 'This person or group can no longer be reached on WhatsApp.',
  'whatsapp.restricted':
    'WhatsApp does not let this account begin new chats for now. Wait until the other side writes; your other chats go on.',
  'whatsapp.restricted-until':
    'WhatsApp does not let this account begin new chats until {until}. Wait until the other side writes, or until then; your other chats go on.',
  'whatsapp.timed-out': 'WhatsApp did not answer in time. There is nothing to do: the bridge tries again by itself.',
  'whatsapp.line-lost':
    'The connection to WhatsApp was lost. There is nothing to do: the bridge opens it again by itself.',
  'whatsapp.server-fault':
    'WhatsApp ended the connection by a fault of its own (500). There is nothing to do: the bridge tries again by itself.',
  'whatsapp.busy':
    'WhatsApp is not available at the moment (503). There is nothing to do: the bridge tries again by itself.',
  'whatsapp.restarting': 'WhatsApp asks for a new connection. There is nothing to do: the bridge opens it at once.',
  'whatsapp.ended':
    'WhatsApp ended the connection and gave a reason that the bridge does not know ({code}). The bridge tries again by itself; if it lasts, tell an administrator this number.',
  'whatsapp.pace-young':
    'This link is still young: until it is {count:day|days} old, begin new chats on the phone, so that WhatsApp does not ban the account.',
  'whatsapp.pace-new-chats':
    'No more than {count:new chat is|new chats are} begun in a day, so that WhatsApp does not ban the account. Try again tomorrow.',
  'whatsapp.pace-new-chats-week':
    'No more than {count:new chat is|new chats are} begun in a week, so that WhatsApp does not ban the account. Try again next week.',
  'whatsapp.pace-same-text':
    'The same text went to {count:chat|chats} in a day. WhatsApp bans accounts for more: write something else, or wait until tomorrow.',
  'whatsapp.pace-lookups':
    'No more than {count:person is|people are} looked up in a day on WhatsApp. Try again tomorrow.',
  'whatsapp.no-groups':
    'Groups are not made from here: new groups of strangers get accounts banned. Make it on the phone; it comes here by itself. (The operator may allow some a day: `pacing.groupsPerDay`.)',
  'whatsapp.pace-groups': 'No more than {count:group is|groups are} made in a day: make it on the phone.',
  'whatsapp.reconnects':
    'The connection to WhatsApp broke again and again: it was opened {count:time|times} within a day. So that WhatsApp does not restrict the account, it is opened again on {when} at the earliest. Write `reconnect whatsapp` to have it opened now.',
  'whatsapp.flow-qr': 'with a QR code',
  'whatsapp.flow-code': 'with a code to type on the phone',
  'whatsapp.ask-phone':
    'Send the phone number of your WhatsApp account, with its country code (for example +33 6 12 34 56 78).',
  'whatsapp.phone': 'phone number',
  'whatsapp.phone-invalid': 'This is no phone number with its country code. Send it like +33 6 12 34 56 78.',
  'whatsapp.wait': 'Talking to WhatsApp…',
  'whatsapp.show-qr':
    'On the phone, open WhatsApp, Linked devices, Link a device, and scan this code. A new one takes its place here while you look for it.',
  'whatsapp.show-code':
    'On the phone, open WhatsApp, Linked devices, Link a device, Link with phone number instead, and type this code.',
  'whatsapp.not-linked':
    'No phone linked this device in time. If the phone asked for a passkey, the bridge cannot go on: the library that it speaks WhatsApp with has no answer to that. Write `login whatsapp` to begin again.',
  'whatsapp.too-many-links':
    'Too many links were tried today: WhatsApp restricts accounts for more. Try again tomorrow.',
};
