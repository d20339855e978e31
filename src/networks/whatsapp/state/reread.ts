// Reads a row of the journal into the message that the library would have made of its stanza, now or after a crash. Sends nothing.
import {
  cleanMessage,
  decryptMessageNode,
  type AuthenticationCreds,
  type BinaryNode,
  type SignalRepositoryWithLIDStore,
  type WAMessage,
} from '@whiskeysockets/baileys';
import { contentOf, type Row } from './row.ts';
import { ciphertextsOf } from './stanza.ts';

type LibraryLogger = Parameters<typeof decryptMessageNode>[4];

/**
 * @returns undefined when the row is no message
 * @throws Error when the stanza is none that a server may send (the library refuses it too)
 */
export async function rereadMessage(
  row: Row,
  { me }: Pick<AuthenticationCreds, 'me'>,
  logger: LibraryLogger,
): Promise<WAMessage | undefined> {
  if (row.node.tag !== 'message') return undefined;
  if (me === undefined) throw new Error('a message before the login');
  const node = withOwnBytes(row.node);
  const told = new Map(ciphertextsOf(node).map((ciphertext, index) => [ciphertext, row.parts[index]]));
  const tell = async (ciphertext: Uint8Array): Promise<Uint8Array> => {
    const part = told.get(ciphertext);
    if (part?.plain === undefined) throw new Error(part?.failed ?? 'not decrypted yet');
    return await Promise.resolve(part.plain);
  };
  const repository = {
    decryptMessage: async ({ ciphertext }: { ciphertext: Uint8Array }) => await tell(ciphertext),
    decryptGroupMessage: async ({ msg }: { msg: Uint8Array }) => await tell(msg),
    processSenderKeyDistributionMessage: async () => await Promise.resolve(),
    migrateSession: async () => await Promise.resolve({ migrated: 0, skipped: 0, total: 0 }),
    lidMapping: {
      getLIDForPN: async () => await Promise.resolve(null),
      storeLIDPNMappings: async () => await Promise.resolve(),
    },
  } as unknown as SignalRepositoryWithLIDStore;
  const reading = decryptMessageNode(node, me.id, me.lid ?? '', repository, logger);
  await reading.decrypt();
  cleanMessage(reading.fullMessage, me.id, me.lid ?? '');
  return withSurroundings(reading.fullMessage, row);
}

/** Around what an own device sent to somebody else stands what the library takes away with the wrapper: the message's secret. */
function withSurroundings(message: WAMessage, { parts }: Row): WAMessage {
  if (!message.message || message.message.messageContextInfo) return message;
  for (const { plain } of parts) {
    const outside = plain === undefined ? undefined : contentOf(plain);
    const messageContextInfo = outside?.deviceSentMessage ? outside.messageContextInfo : undefined;
    if (messageContextInfo) return { ...message, message: { ...message.message, messageContextInfo } };
  }
  return message;
}

/** The ciphertexts of a kept stanza are empty: each gets bytes of its own, to be told apart by. */
function withOwnBytes(node: BinaryNode): BinaryNode {
  if (!Array.isArray(node.content)) return node;
  const content = node.content.map((child) =>
    child.content instanceof Uint8Array && child.content.length === 0
      ? { ...child, content: new Uint8Array(1) }
      : child,
  );
  return { ...node, content };
}
