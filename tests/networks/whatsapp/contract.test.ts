// WhatsApp keeps the contract of every adapter.
import { adapterContract } from '../../contracts/network-adapter.ts';
import { sandbox, setStage } from './support/stage.ts';
import { whatsappWorld } from './support/world.ts';

setStage();

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
