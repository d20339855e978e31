// Whom a message may speak for (CVE-2026-48063 and its like): what only our own devices may say, and whose messages people may
// change. Pure; knows neither the wire nor who is asked for the members of a group.
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { ChatId, PersonId } from '../../model/ids.ts';
import { chatKind } from './ids.ts';
import { handlesBeside, handlesOf, overlap, type Handles } from './jid.ts';

const { Type } = proto.Message.ProtocolMessage;

/**
 * What devices of one account tell each other. From anybody else it would plant history, keys, phone numbers or settings. The
 * library checks four of them; it acts on what it finds within any wrapper, so that wrappers are looked into here as well.
 */
const SELF_ONLY = new Set<number>([
  Type.EPHEMERAL_SYNC_RESPONSE,
  Type.HISTORY_SYNC_NOTIFICATION,
  Type.APP_STATE_SYNC_KEY_SHARE,
  Type.APP_STATE_SYNC_KEY_REQUEST,
  Type.MSG_FANOUT_BACKFILL_REQUEST,
  Type.INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC,
  Type.APP_STATE_FATAL_EXCEPTION_NOTIFICATION,
  Type.PEER_DATA_OPERATION_REQUEST_MESSAGE,
  Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
  Type.MEDIA_NOTIFY_MESSAGE,
  Type.CLOUD_API_THREAD_CONTROL_NOTIFICATION,
  Type.LID_MIGRATION_MAPPING_SYNC,
  Type.AI_PSI_METADATA,
  Type.AI_QUERY_FANOUT,
]);

/** Fields that only those carry, whatever type they claim. */
const SELF_ONLY_FIELDS = [
  'historySyncNotification',
  'appStateSyncKeyShare',
  'appStateSyncKeyRequest',
  'initialSecurityNotificationSettingSync',
  'appStateFatalExceptionNotification',
  'peerDataOperationRequestMessage',
  'peerDataOperationRequestResponseMessage',
  'lidMigrationMappingSyncMessage',
] as const;

export interface GuardContext {
  readonly selfHandles: Handles;
  /** The person of an address; only compared. */
  readonly person: (handles: Handles) => PersonId;
  /** Whether somebody is an admin of a group; undefined while its members are not known. */
  readonly isAdmin: (chat: ChatId, person: PersonId) => boolean | undefined;
}

export interface Claim {
  readonly content: proto.IMessage | null | undefined;
  readonly chat: ChatId;
  /** Who sent the stanza, by the server's word: its `participant` in groups, else its `from`; never anything out of the message. */
  readonly author: string;
  /** The author's other address, if the stanza had it. */
  readonly authorAlt?: string;
  /** What the message's key says. */
  readonly fromMe: boolean;
}

/**
 * keep · drop, with a code for the log (false-self, self-only, not-author, not-admin, too-deep) · ask: an admin's deletion in a
 * group whose members are not known yet; judge again when they are, and leave it to the house if they cannot be learnt now.
 */
export type Judgement =
  | { readonly do: 'keep' }
  | { readonly do: 'drop'; readonly code: string }
  | { readonly do: 'ask'; readonly person: PersonId };

const KEEP: Judgement = { do: 'keep' };
const drop = (code: string): Judgement => ({ do: 'drop', code });

/** Deeper than this the library does not look either. */
const DEEPEST = 12;

export function judge(context: GuardContext, claim: Claim): Judgement {
  const author = handlesBeside(context.selfHandles, claim.author, claim.authorAlt);
  const own = author !== undefined && overlap(author, context.selfHandles);
  if (claim.fromMe && !own) return drop('false-self');
  const protocols = protocolsIn(claim.content);
  if (protocols === 'too-deep') return own ? KEEP : drop('too-deep');
  if (own || author === undefined) return author === undefined && protocols.some(isSelfOnly) ? drop('self-only') : KEEP;
  for (const protocol of protocols) {
    const judgement = judgeProtocol(context, claim, context.person(author), protocol);
    if (judgement.do !== 'keep') return judgement;
  }
  return KEEP;
}

function judgeProtocol(
  context: GuardContext,
  { chat }: Claim,
  author: PersonId,
  protocol: proto.Message.IProtocolMessage,
): Judgement {
  if (isSelfOnly(protocol)) return drop('self-only');
  if (protocol.type !== Type.REVOKE && protocol.type !== Type.MESSAGE_EDIT) return KEEP;
  const { key } = protocol;
  const group = chatKind(chat) === 'group';
  // Keys are spelled as their sender sees them: "from me" is the author's own. In a direct chat "not from me" is ours.
  if (!group) return key?.fromMe === false && key.participant ? drop('not-author') : KEEP;
  const named = key?.fromMe === true ? undefined : handlesOf(key?.participant);
  if (named === undefined || context.person(named) === author) return KEEP;
  if (protocol.type === Type.MESSAGE_EDIT) return drop('not-author');
  const admin = context.isAdmin(chat, author);
  if (admin === undefined) return { do: 'ask', person: author };
  return admin ? KEEP : drop('not-admin');
}

function isSelfOnly(protocol: proto.Message.IProtocolMessage): boolean {
  if (typeof protocol.type === 'number' && SELF_ONLY.has(protocol.type)) return true;
  return SELF_ONLY_FIELDS.some((field) => protocol[field] !== null && protocol[field] !== undefined);
}

/** Every protocol message in whatever wrappers, edits of edits included. */
function protocolsIn(content: unknown, depth = 0): proto.Message.IProtocolMessage[] | 'too-deep' {
  if (typeof content !== 'object' || content === null) return [];
  const found: proto.Message.IProtocolMessage[] = [];
  for (const [field, value] of Object.entries(content as Readonly<Record<string, unknown>>)) {
    if (typeof value !== 'object' || value === null) continue;
    const inner: unknown =
      field === 'protocolMessage'
        ? (value as proto.Message.IProtocolMessage).editedMessage
        : (value as { readonly message?: unknown }).message;
    if (field === 'protocolMessage') found.push(value);
    if (typeof inner !== 'object' || inner === null) continue;
    const below = depth < DEEPEST ? protocolsIn(inner, depth + 1) : 'too-deep';
    if (below === 'too-deep') return below;
    found.push(...below);
  }
  return found;
}
