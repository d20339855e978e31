// The settings that an account's devices share, asked for over a live line and opened with the account's keys; keeps nothing.
import {
  decodeSyncdMutations,
  decodeSyncdPatch,
  downloadExternalPatch,
  extractSyncdPatches,
  isMissingKeyError,
  newLTHashState,
  type BinaryNode,
  type SignalDataTypeMap,
} from '@whiskeysockets/baileys';
import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import type { Setting } from './chat-marks.ts';
import { jidText, parseJid } from './jid.ts';
import type { Line } from './line.ts';

const { REMOVE } = proto.SyncdMutation.SyncdOperation;
const { APP_STATE_SYNC_KEY_REQUEST } = proto.Message.ProtocolMessage.Type;

export type KeyOf = (id: string) => Promise<SignalDataTypeMap['app-state-sync-key'] | undefined>;

export interface Page {
  /** In the order in which they were changed. */
  readonly settings: readonly Setting[];
  readonly version: number;
  /** It is all that there is, not what changed. */
  readonly whole: boolean;
  readonly more: boolean;
}

/** Not all keys are here: they are under way, or their message was lost in a crash of ours. */
export class NoKeyYet extends Error {
  /** Their ids, in base64. */
  readonly keys: readonly string[];

  constructor(name: string, keys: Iterable<string>) {
    super(name);
    this.keys = [...keys];
  }
}

/** The service does not know the version that was asked from. */
export class OtherVersion extends Error {}

/**
 * What changed in a collection since a version; since 0, all of it.
 * @throws NoKeyYet, OtherVersion, the library's error when the line or the media host does not answer, Error for an answer without end
 */
export async function settingsSince(line: Line, name: string, since: number, keyOf: KeyOf): Promise<Page> {
  const attrs = { name, version: String(since), return_snapshot: String(since === 0) };
  const sync: BinaryNode = { tag: 'sync', attrs: {}, content: [{ tag: 'collection', attrs }] };
  const about = { to: 's.whatsapp.net', xmlns: 'w:sync:app:state', type: 'set' };
  const answer = (await line.socket.query({ tag: 'iq', attrs: about, content: [sync] })) as BinaryNode;
  if (isRefused(answer)) throw new OtherVersion(name);
  const page = (await extractSyncdPatches(answer, line.fetching))[name as 'regular_low'];
  const missing = new Set<string>();
  const known: KeyOf = async (id) => {
    const key = await keyOf(id);
    if (key === undefined) missing.add(id);
    return key;
  };
  try {
    const settings = await opened(page.snapshot?.records ?? [], known);
    let version = Number(page.snapshot?.version?.version ?? since);
    for (const patch of page.patches) {
      const at = Number(patch.version?.version ?? 0);
      if (at <= version) continue;
      settings.push(...(await inPatch(line, name, patch, known)));
      version = at;
    }
    // Asked once more, it would say the same for ever.
    if (page.hasMorePatches && version === since) throw new Error('the service has more, and told nothing of it');
    return { settings, version, whole: since === 0, more: page.hasMorePatches };
  } catch (error) {
    throw isMissingKeyError(error) ? new NoKeyYet(name, missing) : error;
  }
}

/** The account's own telephone answers with the keys, as it does to WhatsApp Web. @param keys their ids, in base64 */
export async function askForKeys({ socket }: Line, keys: readonly string[]): Promise<void> {
  const self = parseJid(socket.user?.id);
  if (self === undefined || keys.length === 0) return;
  const keyIds = keys.map((id) => ({ keyId: Buffer.from(id, 'base64') }));
  const protocolMessage = { type: APP_STATE_SYNC_KEY_REQUEST, appStateSyncKeyRequest: { keyIds } };
  const additionalAttributes = { category: 'peer', push_priority: 'high' };
  await socket.relayMessage(jidText(self.kind, self.user), { protocolMessage }, { additionalAttributes });
}

function isRefused({ content }: BinaryNode): boolean {
  const [sync] = Array.isArray(content) ? content : [];
  const [collection] = Array.isArray(sync?.content) ? sync.content : [];
  return collection?.attrs['type'] === 'error';
}

/** A patch that its maker did not seal says nothing; those behind it are others. */
async function inPatch(line: Line, name: string, patch: proto.ISyncdPatch, keyOf: KeyOf): Promise<readonly Setting[]> {
  const kept = patch.externalMutations ?? undefined;
  const elsewhere = kept === undefined ? [] : (await downloadExternalPatch(kept, line.fetching)).mutations;
  const mutations = [...(patch.mutations ?? []), ...elsewhere];
  try {
    await decodeSyncdPatch(
      { ...patch, mutations },
      name as 'regular_low',
      newLTHashState(),
      keyOf,
      () => undefined,
      true,
    );
    return await opened(mutations, keyOf);
  } catch (error) {
    if (isMissingKeyError(error)) throw error;
    // What is wrong with it is wrong for ever.
    return [];
  }
}

/** One by one: the library does not say which of them were taken away. */
async function opened(
  mutations: readonly (proto.ISyncdMutation | proto.ISyncdRecord)[],
  keyOf: KeyOf,
): Promise<Setting[]> {
  const settings: Setting[] = [];
  for (const one of mutations) {
    const removed = 'operation' in one && one.operation === REMOVE;
    const take = ({ index, syncAction }: { index: readonly string[]; syncAction: proto.ISyncActionData }): void => {
      settings.push({ index, value: syncAction.value, removed });
    };
    await decodeSyncdMutations([one], newLTHashState(), keyOf, take, true);
  }
  return settings;
}
