// Matches what rules name against who and what is there, in linear time and without regular expressions; knows no rules.

/** Does `text` fit `pattern`, in which `*` stands for any run of characters (none included) and all else for itself? */
export function fits(pattern: string, text: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return head === text;
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  const end = text.length - tail.length;
  let at = head.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

/**
 * User patterns: `@alice:example.org`, `@*:example.org`, `:example.org` (a whole server), `*`. The name and the server are
 * matched apart, at the first colon, so that a `*` in the name never reaches into the server. Letters count as they are:
 * Matrix treats both parts as case-sensitive (specification, appendix "Identifier grammar").
 */
export function userFits(pattern: string, user: string): boolean {
  const cut = pattern.indexOf(':');
  if (cut === -1) return fits(pattern, user);
  const colon = user.indexOf(':');
  if (colon === -1) return false;
  const name = pattern.slice(0, cut);
  return (name === '' || fits(name, user.slice(0, colon))) && fits(pattern.slice(cut + 1), user.slice(colon + 1));
}

/** Chat patterns (`direct:*`, `username:alice`): usernames have no case on the networks, so letters' case does not count. */
export function chatFits(pattern: string, chat: string): boolean {
  return fits(pattern.toLowerCase(), chat.toLowerCase());
}
