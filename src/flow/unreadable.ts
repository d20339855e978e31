// Events that lack their bare bones (id, room, sender, type) are kept under keys of their own; knows nothing of what they say.

/** How such keys begin; a homeserver's event ids begin with `$`. */
export const UNREADABLE = 'bad:';

export function lacksBones(entry: { readonly key: string }): boolean {
  return entry.key.startsWith(UNREADABLE);
}
