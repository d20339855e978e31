// The tests that docs/homeservers.md names, table by table; knows no suite.

/** @returns for each table the names in its last column */
export function factsIn(page: string): readonly (readonly string[])[] {
  return page
    .split(/^\| fact .*$/m)
    .slice(1)
    .map((table) =>
      table
        .split('\n')
        .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
        .map((line) => line.split(' | ').at(-1)?.replace(/ *\|$/, '').trim() ?? ''),
    );
}

interface Passed {
  readonly title: string;
  /** With the names of what it is part of before it. */
  readonly fullName: string;
}

/** The versions in which the page says that its first table was seen. */
export function versionsIn(page: string): { readonly synapse: string; readonly rooms: readonly string[] } {
  const rooms = /with room versions ([\d, and]+)\./.exec(page)?.[1]?.match(/\d+/g) ?? [];
  return { synapse: /seen on Synapse ([\d.]+\d)/.exec(page)?.[1] ?? '', rooms };
}

/** The name of the group in which the contract is asked of one homeserver. */
export function contractGroup(kind: string, roomVersion: string): string {
  return `${kind}, room version ${roomVersion}`;
}

/** What the page says and no test on Synapse showed: the contract once for each room version, the journeys once. */
export function unseen(page: string, passed: readonly Passed[]): readonly string[] {
  const [contract = [], journeys = []] = factsIn(page);
  const { rooms } = versionsIn(page);
  const full = new Set(passed.map(({ fullName }) => fullName));
  const titles = new Set(passed.map(({ title }) => title));
  return [
    ...rooms
      .flatMap((version) => contract.map((title) => `${contractGroup('synapse', version)} ${title}`))
      .filter((name) => !full.has(name)),
    ...journeys.filter((title) => !titles.has(title)),
  ];
}
