// Pigeon keeps the contract of every adapter.
import { adapterContract } from '../../contracts/network-adapter.ts';
import { pigeonWorld } from './world.ts';

adapterContract('pigeon', pigeonWorld, {
  secrets: true,
  groups: new Set(['rename', 'add', 'expel', 'leave'] as const),
});
