// Imports every file of src under plain Node, since jest transpiles and would not notice what Node refuses; runs nothing.
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** main.ts starts the program when it is imported; the tests of the command line run it. */
const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => file !== join('src', 'main.ts'));
let failed = 0;
for (const file of files.sort()) {
  try {
    await import(pathToFileURL(join(root, file)).href);
  } catch (error) {
    failed += 1;
    process.stderr.write(`${file}: ${String(error?.message ?? error).split('\n')[0]}\n`);
  }
}
process.stderr.write(
  `${files.length - failed} of ${files.length} files of src load under Node ${process.versions.node}\n`,
);
process.exit(failed === 0 ? 0 : 1);
