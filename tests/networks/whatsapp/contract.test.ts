// WhatsApp keeps the contract of every adapter.
import { afterAll, beforeAll } from '@jest/globals';
import { WhatsAppSandbox } from '../../../sandbox/whatsapp/control-client.ts';
import { adapterContract } from '../../contracts/network-adapter.ts';
import { whatsappWorld } from './support/world.ts';

let sandbox: WhatsAppSandbox;

beforeAll(async () => {
  sandbox = await WhatsAppSandbox.start();
});

afterAll(async () => {
  await sandbox.stop();
});

adapterContract('WhatsApp', async () => await Promise.resolve(whatsappWorld(sandbox)), {
  secrets: false,
  groups: new Set([
    'rename',
    'set-topic',
    'set-picture',
    'set-mode',
    'set-role',
    'add',
    'expel',
    'set-timer',
    'leave',
  ] as const),
});
