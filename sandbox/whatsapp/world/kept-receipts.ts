// Receipts of a group that were kept for a device: those of one kind go out as one stanza, by message and in it by person, as
// whatsmeow reads them (receipt.go). Knows no mailbox.

import { child, children, node, type BinaryNode } from '../wire/node.ts';

/** That it arrived, and that it was read; whatever asks for something goes out alone. */
const TOGETHER = new Set(['', 'read']);

/** Receipts with the same answer go out together; undefined: it goes out alone. */
export function togetherWith({ tag, attrs }: BinaryNode): string | undefined {
  const { from = '', participant, recipient, type = '' } = attrs;
  // What names a recipient is of the account's own devices.
  const isOf = tag === 'receipt' && from.endsWith('@g.us') && participant !== undefined && recipient === undefined;
  return isOf && TOGETHER.has(type) ? `${from} ${type}` : undefined;
}

/** @param receipts of the same answer, oldest first */
export function together(receipts: readonly BinaryNode[], id: string): BinaryNode {
  const users = new Map<string, BinaryNode[]>();
  for (const receipt of receipts) {
    const { id: first, participant: jid, t } = receipt.attrs;
    const others = children(child(receipt, 'list'), 'item').map(({ attrs }) => attrs['id']);
    for (const key of [first, ...others])
      users.set(key ?? '', [...(users.get(key ?? '') ?? []), node('user', { jid, t })]);
  }
  const { from, type, t } = receipts.at(-1)?.attrs ?? {};
  const messages = [...users].map(([key, who]) => node('participants', { key }, who));
  return node('receipt', { id, from, type, t }, messages);
}
