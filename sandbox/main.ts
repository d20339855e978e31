// `npm run sandbox`: a homeserver, a simulated Telegram and WhatsApp and the bridge between them on this machine; plays a
// conversation that crosses both ways, then leaves everything to the newcomer. It must not know how any of them works.
import { readFileSync } from 'node:fs';
import { Conversation } from './play/conversation.ts';
import { readOptions, type Options } from './play/options.ts';
import { Page } from './play/page.ts';
import { playOn } from './play/prompt.ts';
import { setStage, type Stage } from './play/stage.ts';
import { speaker, type Speak } from './play/words.ts';

const page = new Page(process.stdout);

function options(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${speaker('en')('usage')}\n`);
    process.exit(2);
  }
}

/** Resolves at Ctrl-C, SIGTERM, a closed terminal, or when whoever started this process is gone. */
function stopRequest(): Promise<'stopped'> {
  return new Promise((resolve) => {
    const stop = (): void => resolve('stopped');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) stop();
    }, 500).unref();
  });
}

/** @returns the exit code */
async function perform(stage: Stage, chosen: Options, speak: Speak, stopped: Promise<'stopped'>): Promise<number> {
  const conversation = new Conversation(stage, page, speak, chosen.language);
  const bridgeEnded = stage.bridge.ended.then((code) => ({ code }));
  const outcome = await Promise.race([conversation.play(), stopped, bridgeEnded]);
  if (outcome === 'stopped') return 130;
  if ('code' in outcome) return mourn(stage, outcome.code, speak);
  const { count, slowest, missed } = outcome;
  page.line();
  if (missed.length > 0) {
    for (const what of missed) page.line(speak('not-crossed', { what }));
    page.line(tail(stage.files.log));
    return 1;
  }
  page.line(speak('crossed', { count, slowest }));
  if (chosen.once) return 0;
  const end = await playOn(stage, { page, speak, language: chosen.language, stopped });
  if (end === 'ended') return 0;
  return end === 'missed' ? 1 : mourn(stage, end.code, speak);
}

function mourn(stage: Stage, code: number, speak: Speak): number {
  page.line(speak('bridge-ended', { code }));
  page.line(tail(stage.files.log));
  return 1;
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-12).join('\n');
}

const chosen = options();
const speak = speaker(chosen.language);
if (chosen.help) {
  page.line(speak('usage'));
  process.exit(0);
}
const stopped = stopRequest();
const setting = setStage(chosen, { speak, say: (line) => page.line(line) });
let code = 1;
try {
  // Whoever stops it while it is being set waits for that: half a stage cannot be taken down.
  const stage = await setting;
  try {
    code = await perform(stage, chosen, speak, stopped);
  } finally {
    page.line(speak('ending'));
    await stage.strike();
    if (chosen.keep) page.line(speak('kept', { dir: stage.dir }));
  }
  page.line(speak('ended'));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
process.exit(code);
