// Phones that stay away: when each was there last, and the companions that are no more when it stays away too long. Knows no wire.

import type { WhatsAppServer } from './server.ts';
import type { Person } from './world/person.ts';

const DAY_MS = 86_400_000;

/** As if the phone had not been there for so many days. */
export function phoneAway(server: WhatsAppServer, person: Person, days: number): void {
  person.phoneSeen = server.world.clock.now() - days * DAY_MS;
  server.cast.setOnline(person.phoneDevice, false);
  timePassed(server);
}

/** A phone that is on was there just now; one that stayed away to the limit has no companions any more. */
export function timePassed(server: WhatsAppServer): void {
  const now = server.world.clock.now();
  for (const person of server.world.people.values()) {
    if (person.phoneDevice.mailbox.open) person.phoneSeen = now;
    else if (now - person.phoneSeen >= server.options.phoneLimitDays * DAY_MS)
      for (const device of person.companions) server.unlink(device);
  }
  server.world.version.touch();
}
