// What is said of a question that WhatsApp does not answer now; knows no question.
import { BridgeError } from '../../model/errors.ts';

/** It changed nothing, and may be asked again later. */
export function noAnswer(cause: unknown): BridgeError {
  return new BridgeError('whatsapp-no-answer', 'later', 'network.unreachable', {
    cause,
    values: { network: 'WhatsApp' },
  });
}
