// `npm run bench`: measures the bridge as operators run it beside its limits, prints a table, and writes the figures as JSON when asked.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { whyNoSynapse, type HomeserverKind } from '../sandbox/homeserver/homeserver.ts';
import { isKept, table, type Finding } from './finding.ts';
import { writeFigures } from './figure.ts';
import { measurements } from './measurements.ts';
import { reportPlans } from './plans-report.ts';
import { Stage } from './stage.ts';

const USAGE = `usage: npm run bench -- [--json FILE] [--only ID-PREFIX] [--homeserver synapse|double] [--profile FOLDER]
       npm run bench -- --plans`;

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

async function homeserverFor(wanted: string | undefined): Promise<HomeserverKind> {
  const why = wanted === 'double' ? 'asked for' : await whyNoSynapse();
  if (why === undefined) return 'synapse';
  if (wanted === 'synapse') throw new Error(why);
  say(`Against the homeserver double, not a real Synapse: ${why}`);
  return 'double';
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    options: {
      json: { type: 'string' },
      only: { type: 'string', default: '' },
      homeserver: { type: 'string' },
      profile: { type: 'string' },
      plans: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(USAGE);
    return;
  }
  if (values.plans) {
    await reportPlans(say);
    return;
  }
  const kind = await homeserverFor(values.homeserver);
  const stage = await Stage.open({ homeserver: kind, say, profile: values.profile });
  let findings: readonly Finding[];
  try {
    findings = await measurements(stage, values.only, say);
  } finally {
    await stage.close();
  }
  if (findings.length === 0) throw new Error(`nothing is called ${values.only}…`);
  process.stdout.write(`${table(findings)}\n`);
  const { model = 'an unknown processor' } = cpus()[0] ?? {};
  process.stdout.write(
    `\n${cpus().length} x ${model}, Node ${process.version}, ${kind}, ${new Date().toISOString()}\n`,
  );
  const missed = findings.filter((finding) => isKept(finding) === false).length;
  process.stdout.write(missed === 0 ? 'Every limit is kept.\n' : `${missed} of the limits are missed.\n`);
  if (values.json !== undefined) {
    writeFigures(
      values.json,
      findings.map((finding) => finding.figure),
    );
  }
}

try {
  await run();
} catch (error) {
  say(`could not be measured: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
