// What Telegram itself says, secret chats, and the whole list of updates that are passed over on purpose.
import { describe, expect, test } from '@jest/globals';
import { BridgeError } from '../../../src/model/errors.ts';
import {
  as,
  type ChatId,
  type MessageId,
  type PersonId,
  type PortalKey,
  type PuppetId,
} from '../../../src/model/ids.ts';
import { allCures } from '../../../src/networks/telegram/cures.ts';
import { parseMessage, TELEGRAM } from '../../../src/networks/telegram/ids.ts';
import { readMessage, readUpdate, type ReadContext, type Reading } from '../../../src/networks/telegram/read.ts';
import { UpdateStream, type Batch } from '../../../src/networks/telegram/updates.ts';
import { Api, long } from '../../../src/networks/telegram/wire/api.ts';
import { MemoryClock } from '../../support/memory-clock.ts';
import { quiet } from '../../support/quiet.ts';

const context: ReadContext = {
  self: as<PersonId>('u1'),
  portal: (chat: ChatId): PortalKey => ({ network: TELEGRAM, chat, receiver: as<PuppetId>('tg-me') }),
};
const read = (update: Api.TypeUpdate, date = 1000): Reading => readUpdate(context, { update, date });

describe('a notice of Telegram’s', () => {
  const notice = (message: string, inboxDate?: number): Api.UpdateServiceNotification =>
    new Api.UpdateServiceNotification({
      type: 'NOTICE',
      message,
      media: new Api.MessageMediaEmpty(),
      entities: [],
      ...(inboxDate === undefined ? {} : { inboxDate }),
    });

  test('is a message of its own account, with its words', () => {
    expect(read(notice('A new login', 900)).events).toMatchObject([
      {
        kind: 'message',
        sender: 'u777000',
        portal: { chat: 'u777000', receiver: 'tg-me' },
        at: 900_000,
        parts: [{ kind: 'text', text: { text: 'A new login' } }],
      },
    ]);
  });

  test('is known again when it comes again under another date, and told apart from others', () => {
    const key = (update: Api.TypeUpdate, date: number): string | undefined => read(update, date).events[0]?.key;
    expect(key(notice('one', 900), 1000)).toBe(key(notice('one', 900), 2000));
    expect(key(notice('one'), 1000)).toBe(key(notice('one'), 2000));
    expect(key(notice('one', 900), 1000)).not.toBe(key(notice('one', 901), 1000));
    expect(key(notice('one'), 1000)).not.toBe(key(notice('two'), 1000));
  });

  test('has no number: whoever answers it is told, and nothing is tried again', () => {
    const event = read(notice('one')).events[0];
    const id = event?.kind === 'message' ? event.message : as<MessageId>('5');
    expect(() => parseMessage(id)).toThrow(BridgeError);
  });
});

describe('a secret chat', () => {
  const asked = (adminId: string, id = 3): Api.UpdateEncryption =>
    new Api.UpdateEncryption({
      chat: new Api.EncryptedChatRequested({
        id,
        accessHash: long('1'),
        date: 900,
        adminId: long(adminId),
        participantId: long('1'),
        gA: Buffer.alloc(1),
      }),
      date: 900,
    });
  const written = (chatId: number, randomId: string): Api.UpdateNewEncryptedMessage =>
    new Api.UpdateNewEncryptedMessage({ message: sealed(chatId, randomId), qts: 1 });
  const sealed = (chatId: number, randomId: string): Api.EncryptedMessageService =>
    new Api.EncryptedMessageService({ randomId: long(randomId), chatId, date: 900, bytes: Buffer.alloc(1) });

  test('that somebody asks for is said in their portal, once', () => {
    const [event] = read(asked('7')).events;
    expect(event).toMatchObject({ kind: 'unreadable', what: 'kind.secret', sender: 'u7', portal: { chat: 'u7' } });
    expect(read(asked('7'), 5000).events[0]?.key).toBe(event?.key);
    expect(read(asked('7', 4)).events[0]?.key).not.toBe(event?.key);
  });

  test('that we ask for, or that goes on elsewhere, is not', () => {
    expect(read(asked('1')).events).toEqual([]);
    const over = new Api.UpdateEncryption({ chat: new Api.EncryptedChatDiscarded({ id: 3 }), date: 900 });
    expect(read(over).events).toEqual([]);
  });

  test('whose messages come here is told by Telegram, once however many they are', () => {
    const [first] = read(written(3, '1')).events;
    expect(first).toMatchObject({ kind: 'unreadable', what: 'kind.secret', portal: { chat: 'u777000' } });
    expect(read(written(3, '2')).events[0]?.key).toBe(first?.key);
    expect(read(written(4, '2')).events[0]?.key).not.toBe(first?.key);
  });

  test('whose messages were missed is found in the difference', async () => {
    const batches: Batch[] = [];
    const state = new Api.updates.State({ pts: 0, qts: 1, date: 2, seq: 0, unreadCount: 0 });
    const rest = { newMessages: [], otherUpdates: [], chats: [], users: [] };
    const answer = new Api.updates.Difference({ ...rest, newEncryptedMessages: [sealed(3, '1')], state });
    const stream = new UpdateStream(
      {
        difference: async () => await Promise.resolve(answer),
        state: async () => await Promise.resolve(state),
        history: async () => await Promise.resolve({ messages: [], users: [], chats: [] }),
        commit: async (batch) => await Promise.resolve(batches.push(batch) > 0),
        keep: async () => await Promise.resolve(),
        failed: () => undefined,
        clock: new MemoryClock(),
        log: quiet,
      },
      { pts: 0, qts: 0, date: 1, seq: 0 },
      allCures,
    );
    await stream.catchUp();
    await stream.close();
    const events = batches.flatMap(({ happenings }) => happenings.flatMap((one) => readUpdate(context, one).events));
    expect(events).toMatchObject([{ kind: 'unreadable', what: 'kind.secret' }]);
  });
});

test('"joined Telegram" opens no portal', () => {
  const peerId = new Api.PeerUser({ userId: long('7') });
  const action = new Api.MessageActionContactSignUp();
  expect(readMessage(context, new Api.MessageService({ id: 6, peerId, date: 1000, action }))).toEqual([]);
});

const names = (text: string): string[] =>
  text
    .trim()
    .split(/\s+/)
    .map((name) => `Update${name}`);

/** Read here or, as envelopes and counters, in gaps.ts. */
const HANDLED = names(`NewMessage EditMessage DeleteMessages UserName User MessageReactions UserTyping ReadHistoryOutbox
  ReadHistoryInbox ServiceNotification Encryption NewEncryptedMessage PtsChanged Short ShortMessage ShortChatMessage
  ShortSentMessage`);

/** Groups and channels are not bridged yet. */
const GROUPS = names(`Channel ChannelAvailableMessages ChannelMessageForwards ChannelMessageViews ChannelParticipant
  ChannelPinnedTopic ChannelPinnedTopics ChannelReadMessagesContents ChannelTooLong ChannelUserTyping
  ChannelViewForumAsMessages ChannelWebPage Chat ChatDefaultBannedRights ChatParticipant ChatParticipantAdd
  ChatParticipantAdmin ChatParticipantDelete ChatParticipants ChatUserTyping DeleteChannelMessages EditChannelMessage
  GroupCall GroupCallConnection GroupCallParticipants NewChannelMessage PendingJoinRequests PinnedChannelMessages
  ReadChannelDiscussionInbox ReadChannelDiscussionOutbox ReadChannelInbox ReadChannelOutbox`);

/** Comes to bots, shops and businesses, which nobody signs in as. */
const BOTS = names(`AttachMenuBots BotBusinessConnect BotCallbackQuery BotChatBoost BotChatInviteRequester BotCommands
  BotDeleteBusinessMessage BotEditBusinessMessage BotInlineQuery BotInlineSend BotMenuButton BotMessageReaction
  BotMessageReactions BotNewBusinessMessage BotPrecheckoutQuery BotPurchasedPaidMedia BotShippingQuery BotStopped
  BotWebhookJSON BotWebhookJSONQuery BroadcastRevenueTransactions BusinessBotCallbackQuery DeleteQuickReply
  DeleteQuickReplyMessages InlineBotCallbackQuery NewQuickReply PaidReactionPrivacy QuickReplies QuickReplyMessage SmsJob
  StarsBalance StarsRevenueStatus WebViewResultSent`);

/** The state of the apps, and how what was said is shown: nobody says anything by it. A call also leaves a service message. */
const APPS =
  names(`AutoSaveSettings Config ContactsReset DcOptions DeleteScheduledMessages DialogFilter DialogFilterOrder
  DialogFilters DialogPinned DialogUnreadMark DraftMessage EncryptedChatTyping EncryptedMessagesRead FavedStickers
  FolderPeers GeoLiveViewed LangPack LangPackTooLong LoginToken MessageExtendedMedia MessageID MessagePoll MessagePollVote
  MoveStickerSetToTop NewAuthorization NewScheduledMessage NewStickerSet NewStoryReaction NotifySettings PeerBlocked
  PeerHistoryTTL PeerLocated PeerSettings PeerWallpaper PhoneCall PhoneCallSignalingData PinnedDialogs PinnedMessages
  PinnedSavedDialogs Privacy ReadFeaturedEmojiStickers ReadFeaturedStickers ReadMessagesContents ReadStories
  RecentEmojiStatuses RecentReactions RecentStickers SavedDialogPinned SavedGifs SavedReactionTags SavedRingtones
  SentStoryReaction StickerSets StickerSetsOrder StoriesStealthMode Story StoryID Theme TranscribedAudio UserEmojiStatus
  UserPhone UserStatus WebPage`);

describe('updates', () => {
  const known = Object.entries(Api).filter(([name]) => /^Update[A-Z]/.test(name));

  test('are each read or passed over on purpose', () => {
    expect([...HANDLED, ...GROUPS, ...BOTS, ...APPS].toSorted()).toEqual(known.map(([name]) => name).toSorted());
  });

  test.each([...GROUPS, ...BOTS, ...APPS])('%s says nothing', (name) => {
    const kind = Object.fromEntries(known)[name] as unknown as { readonly prototype: Api.TypeUpdate };
    const update = Object.create(kind.prototype) as Api.TypeUpdate;
    expect(read(update)).toEqual({ events: [], removed: [], glimpses: [], changed: [] });
  });
});
