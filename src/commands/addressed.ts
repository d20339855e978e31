// Through what a command is to be done: the network and the account that may stand before everything else in it. Knows no command.
import { namedAccount, type Named } from './accounts.ts';
import type { Call } from './doors.ts';
import { findNetwork } from './networks.ts';

/** `[network] [as <account>] …`; what is in quotation marks names no network. */
export function addressed(call: Call): Named & { readonly network: ReturnType<typeof findNetwork> } {
  const [first, ...rest] = call.args;
  const network = first === undefined || first.quoted ? undefined : findNetwork(call.doors, first.text);
  return { network, ...namedAccount(network === undefined ? call.args : rest) };
}
