// Requests about the shared settings (w:sync:app:state): patches fetched and uploaded. Understands none of them.

import { proto } from '@whiskeysockets/baileys/WAProto/index.js';
import { collectionChanged } from '../notices.ts';
import { bytesOf } from '../read-node.ts';
import { child, children, node, type BinaryNode } from '../wire/node.ts';
import type { Patch } from '../world/app-state.ts';
import { Unknown, type Ask } from './ask.ts';

/** With the version that the service gave it. */
function patchNode(patch: Patch): BinaryNode {
  const decoded = proto.SyncdPatch.decode(patch.bytes);
  const numbered = proto.SyncdPatch.encode({ ...decoded, version: { version: patch.version } }).finish();
  return node('patch', {}, numbered);
}

export function appState({ server, device, person, iq }: Ask): readonly BinaryNode[] {
  const sync = child(iq, 'sync');
  if (sync === undefined) throw new Unknown('of the shared settings');
  const state = person.appState;
  const answers = children(sync, 'collection').map((collection) => {
    const name = collection.attrs['name'] ?? '';
    const from = Number(collection.attrs['version'] ?? 0);
    const uploaded = child(collection, 'patch');
    if (uploaded === undefined) {
      const patches = state.since(name, from).map(patchNode);
      const snapshot = collection.attrs['return_snapshot'] === 'true' ? state.snapshot(name) : undefined;
      return node('collection', { name, version: String(from), has_more_patches: 'false' }, [
        ...(snapshot === undefined ? [] : [node('snapshot', {}, snapshot)]),
        ...(patches.length > 0 ? [node('patches', {}, patches)] : []),
      ]);
    }
    const version = state.append(name, from, bytesOf(uploaded));
    if (version === null) {
      const missed = state.since(name, from).map(patchNode);
      return node('collection', { name, version: String(from), type: 'error' }, [
        node('patches', {}, missed),
        node('error', { code: '409', text: 'conflict' }),
      ]);
    }
    collectionChanged(server, person, name, version, device);
    return node('collection', { name, version: String(version) });
  });
  return [node('sync', {}, answers)];
}
