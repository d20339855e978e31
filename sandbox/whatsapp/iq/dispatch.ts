// Which request is answered by whom, and what becomes of those that are refused, unknown, or to go wrong.

import { child, node, type BinaryNode } from '../wire/node.ts';
import { WhatsAppServer } from '../server.ts';
import type { Device } from '../world/device.ts';
import { Refusal } from '../../refusal.ts';
import * as account from './account.ts';
import { appState } from './app-state.ts';
import { Unknown, type Answer } from './ask.ts';
import { encrypt } from './encrypt.ts';
import { groups } from './groups.ts';
import { mex } from './mex.ts';
import { profilePicture } from './profile.ts';
import { usync } from './usync.ts';

/** By namespace. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  encrypt,
  usync,
  privacy: account.privacy,
  passive: account.passive,
  abt: account.props,
  blocklist: account.blocklist,
  status: account.status,
  disappearing_mode: account.disappearing,
  md: account.linked,
  'w:g2': groups,
  'w:m': account.media,
  'w:p': account.ping,
  'w:biz': account.business,
  'w:mex': mex,
  'w:stats': account.taken,
  'w:profile:picture': profilePicture,
  'w:sync:app:state': appState,
  'urn:xmpp:whatsapp:dirty': account.dirty,
  'urn:xmpp:whatsapp:push': account.taken,
  'urn:xmpp:ping': account.ping,
};

/** The answer to a request of a client that is logged in; it may come later, or never, if so ordered. */
export function answer(server: WhatsAppServer, device: Device, iq: BinaryNode): void {
  const { world, faults } = server;
  const { xmlns = '', id = '', to = '@s.whatsapp.net' } = iq.attrs;
  const { lid } = device.person;
  const reply = (type: 'result' | 'error', content?: readonly BinaryNode[]): void => {
    server.send(device, node('iq', { from: to, id, type }, content));
  };
  const fail = (code: number, text: string): void => {
    reply('error', [node('error', { code: String(code), text })]);
  };

  const failure = faults.failure(lid, device.id, xmlns);
  if (failure !== undefined) return fail(failure.code, failure.text);
  const loss = faults.loss(lid, device.id, xmlns);
  const isLast = faults.closes(lid, device.id, xmlns);
  const late = faults.delayMs(lid, device.id, xmlns);

  let send: () => void;
  try {
    const handler = Object.hasOwn(ANSWERS, xmlns) ? ANSWERS[xmlns] : undefined;
    if (handler === undefined) throw new Unknown(`no requests of ${xmlns === '' ? 'no namespace' : xmlns}`);
    const content = handler({ server, world, device, person: device.person, iq });
    send = () => reply('result', content);
  } catch (error) {
    if (error instanceof Unknown) {
      server.records.noteUnknown(device, iq, error.message);
      world.version.touch();
      send = () => fail(501, 'feature-not-implemented');
    } else if (error instanceof Refusal) {
      const { code, message } = error;
      send = () => fail(code, message);
    } else {
      throw error;
    }
  }
  if (loss !== undefined) {
    if (loss.kill) server.kill(device);
    return;
  }
  if (faults.holds(lid, device.id, xmlns, send)) return;
  if (late > 0) setTimeout(send, late);
  else send();
  if (isLast) server.hangUp(device);
}

/** Is this a client's answer to something that the service asked. */
export const isResult = (iq: BinaryNode): boolean =>
  iq.attrs['type'] === 'result' || (iq.attrs['type'] === 'error' && child(iq, 'error') !== undefined);
