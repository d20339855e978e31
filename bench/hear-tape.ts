// Listens to a simulator's tape; knows the shape of its lines only.
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import type { TextLine } from '../sandbox/tape.ts';

/** @returns how to stop */
export async function hearTape(control: string, hear: (line: TextLine) => void): Promise<() => void> {
  return await new Promise<() => void>((resolve, reject) => {
    const asking = request(`${control}/tape`, (answer) => {
      const lines = createInterface({ input: answer });
      // Hung up by us: that is how it ends.
      lines.on('error', () => undefined);
      lines.on('line', (line) => hear(JSON.parse(line) as TextLine));
      resolve(() => asking.destroy());
    });
    asking.once('error', reject);
    asking.end();
  });
}
