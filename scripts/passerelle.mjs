#!/usr/bin/env node
// The command `passerelle`: from a checkout through the boot script, from an image or a built package straight to dist.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
if (existsSync(join(root, 'src', 'main.ts')) && existsSync(join(root, 'package-lock.json'))) {
  process.argv.splice(2, 0, 'passerelle');
  await import(pathToFileURL(join(root, 'scripts', 'boot.mjs')).href);
} else if (existsSync(join(root, 'dist', 'main.js'))) {
  await import(pathToFileURL(join(root, 'dist', 'main.js')).href);
} else {
  process.stderr.write('passerelle: neither src nor dist stands beside scripts; install the package again.\n');
  process.exitCode = 1;
}
