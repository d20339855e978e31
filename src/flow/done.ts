// What a homeserver may lawfully refuse without anything else failing for it; knows no rooms.
import { BridgeError } from '../model/errors.ts';

/** @returns false when the homeserver refuses it for good: the invitation was taken back, or it is done already */
export async function isDone(act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (error instanceof BridgeError && error.retry === 'never') return false;
    throw error;
  }
}
