// The program: refuses a Node that is too old, then hands over to the command line; knows nothing else.
const OLDEST = { major: 22, minor: 18 };

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor)) {
  process.stderr.write(
    `passerelle: Node ${process.versions.node} is too old: install Node 24, or start with npm start.\n`,
  );
  process.exit(1);
}
const { runCommandLine, sayUnexpectedEnds } = await import('./cli/main.ts');
sayUnexpectedEnds();
process.exitCode = await runCommandLine(process.argv.slice(2));
// Whatever was left behind must not keep a program alive that has ended.
setTimeout(() => process.exit(), 5_000).unref();
