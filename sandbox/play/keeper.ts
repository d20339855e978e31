// Holds one program as its child in a process group of its own and ends it when its own standard input closes: whoever started it
// may vanish in any way without leaving that program behind. It must not know what the program is.
import { spawn } from 'node:child_process';

const [command = '', ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });

let asked = false;
// A second signal would mean "at once" to it.
const stop = (): void => {
  if (!asked) child.kill('SIGTERM');
  asked = true;
};
process.stdin.resume().once('end', stop).once('close', stop);
process.once('SIGTERM', stop);
// Ctrl-C is for the one at the other end of standard input, who stops things in their order.
process.on('SIGINT', () => undefined);
child.once('error', (error) => {
  process.stderr.write(`${command} could not be started: ${error.message}\n`);
  process.exit(127);
});
child.once('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128));
