// Telegram keeps the contract of every adapter.
import { afterAll, beforeAll } from '@jest/globals';
import { TelegramSandbox } from '../../../sandbox/telegram/control-client.ts';
import { adapterContract } from '../../contracts/network-adapter.ts';
import { telegramWorld } from './support/world.ts';

let sandbox: TelegramSandbox;

beforeAll(async () => {
  sandbox = await TelegramSandbox.start();
});

afterAll(async () => {
  await sandbox.stop();
});

adapterContract('Telegram', async () => await Promise.resolve(telegramWorld(sandbox)), {
  secrets: true,
  groups: new Set(),
});
