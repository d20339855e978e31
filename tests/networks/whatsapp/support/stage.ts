// The simulated WhatsApp that the tests of one file share, and the scenes on it: started before the first, closed after each, ended
// with the last. Knows no test.
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { WhatsAppSandbox } from '../../../../sandbox/whatsapp/control-client.ts';
import { Scenes } from './scene.ts';
import type { Chosen } from './world.ts';

/** Whoever imports them sees them from the first test on. */
export let sandbox: WhatsAppSandbox;
export let scenes: Scenes;

/** To be called once, before anything else of the file that is done before a test. */
export function setStage(chosen: Chosen = {}): void {
  beforeAll(async () => {
    sandbox = await WhatsAppSandbox.start();
    scenes = new Scenes(sandbox, chosen);
  });
  afterEach(async () => {
    await scenes.close();
  });
  afterAll(async () => {
    await sandbox.stop();
  });
}
