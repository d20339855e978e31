// A journey's town on the simulated WhatsApp, and how a person of it links their account; knows no journey.
import { WhatsAppSandbox, type Person as Contact } from '../../../sandbox/whatsapp/control-client.ts';
import type { Person } from './person.ts';
import { BOT, openTown, type Ground, type Open, type Town } from './town.ts';

/** A journey says in a minute what people say in an hour: at the pace that keeps accounts safe its end would wait for its beginning. */
const BRISK = { sendsAtOnce: 100, sendsPerMinute: 1_000 };

/**
 * @param open which chats may be bridged, and whether any may be begun: private ones, if nothing is said
 * @param more of the network's section of the configuration
 */
export async function openWhatsAppTown(
  open?: Open,
  { pacing, ...more }: Readonly<Record<string, unknown>> & { readonly pacing?: Readonly<Record<string, number>> } = {},
  ground?: Ground,
): Promise<Town<WhatsAppSandbox>> {
  return await openTown(
    'whatsapp',
    async () => await WhatsAppSandbox.start(),
    ({ url, rootKey, web, webCertificate }) => ({
      test: { url, root: rootKey.toString('hex'), web, webCertificate },
      pacing: { ...BRISK, ...pacing },
      ...more,
    }),
    open,
    ground,
  );
}

/** Links by a code that is typed on the phone. @returns the management room */
export async function linkByCode(whatsapp: WhatsAppSandbox, person: Person, to: Contact): Promise<string> {
  const management = await person.directRoom(BOT);
  await person.answer(management, 'I am the bridge');
  await person.say(management, 'login whatsapp code');
  await person.answer(management, 'Send the phone number of your WhatsApp account');
  await person.say(management, `+${to.phone}`);
  const shown = await person.answer(management, 'type this code');
  const [code] = /[\dA-Z]{4}-[\dA-Z]{4}/.exec(String(shown.content['body'])) ?? [];
  await whatsapp.typeCode(to.id, (code ?? '').replace('-', ''));
  await person.answer(management, `You are signed in to WhatsApp as +${to.phone}`);
  return management;
}
