// The types of install.mjs, which must run before TypeScript is installed; knows nothing else.
export function ensureInstalled(root: string, say: (line: string) => void): Promise<string>;
export function npmEnvironment(outer: Readonly<Record<string, string | undefined>>): Record<string, string | undefined>;
