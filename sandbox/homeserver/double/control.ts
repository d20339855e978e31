// The double's control panel: in process, and the same over HTTP for a double in a process of its own.
import { ControlClient } from '../../control-client.ts';
import { serveControl, type ControlServer } from '../../control-server.ts';
import type { FaultRule, Faults, PusherState } from '../types.ts';
import type { DoubleServer } from './server.ts';

/** Faults applied straight to a server of this process. */
export function localFaults(server: DoubleServer): Faults {
  return {
    add: async (rule) => await Promise.resolve(server.faults.add(rule)),
    clear: async () => {
      server.faults.clear();
      for (const pusher of server.life.pushers) {
        pusher.repeatNext(0);
        pusher.hold(false);
      }
      await Promise.resolve();
    },
    hits: async () => await Promise.resolve(server.faults.hits()),
    repeatTransactions: async (id, count) => await Promise.resolve(server.life.pusher(id).repeatNext(count)),
    resendEvent: async (id, eventId) => {
      const event = server.life.world.events.get(eventId);
      if (event === undefined) throw new Error(`no event ${eventId}`);
      await Promise.resolve(server.life.pusher(id).resend(event));
    },
    hold: async (id, held) => await Promise.resolve(server.life.pusher(id).hold(held)),
    pushers: async () => await Promise.resolve(server.life.pushers.map(({ state }) => state)),
    drained: async (id, timeoutMs) => await server.life.pusher(id).drained(timeoutMs),
  };
}

/** Command of the panel → what it takes and what it answers. */
interface PanelCommands {
  add: [{ rule: FaultRule }, null];
  clear: [object, null];
  hits: [object, readonly number[]];
  repeatTransactions: [{ appservice: string; count: number }, null];
  resendEvent: [{ appservice: string; eventId: string }, null];
  hold: [{ appservice: string; held: boolean }, null];
  pushers: [object, readonly PusherState[]];
  drained: [{ appservice: string; timeoutMs: number }, null];
  start: [object, null];
  stop: [object, null];
  crash: [object, null];
}

/** Serves the panel on a free loopback port. */
export async function servePanel(server: DoubleServer): Promise<ControlServer> {
  const faults = localFaults(server);
  const nothing = async (done: Promise<void>): Promise<null> => {
    await done;
    return null;
  };
  return await serveControl<PanelCommands>({
    add: async ({ rule }) => await nothing(faults.add(rule)),
    clear: async () => await nothing(faults.clear()),
    hits: async () => await faults.hits(),
    repeatTransactions: async ({ appservice, count }) => await nothing(faults.repeatTransactions(appservice, count)),
    resendEvent: async ({ appservice, eventId }) => await nothing(faults.resendEvent(appservice, eventId)),
    hold: async ({ appservice, held }) => await nothing(faults.hold(appservice, held)),
    pushers: async () => await faults.pushers(),
    drained: async ({ appservice, timeoutMs }) => await nothing(faults.drained(appservice, timeoutMs)),
    start: async () => await nothing(server.start()),
    stop: async () => await nothing(server.stop()),
    crash: async () => await nothing(server.crash()),
  });
}

/** A panel elsewhere, by the base address of its control API. */
export type Panel = ControlClient<PanelCommands>;
export const panelAt = (url: string): Panel => new ControlClient('the homeserver double', url, null);

/** The same panel, reached over HTTP. */
export function remoteFaults(panel: Panel): Faults {
  return {
    add: async (rule) => void (await panel.command('add', { rule })),
    clear: async () => void (await panel.command('clear', {})),
    hits: async () => await panel.command('hits', {}),
    repeatTransactions: async (appservice, count) =>
      void (await panel.command('repeatTransactions', { appservice, count })),
    resendEvent: async (appservice, eventId) => void (await panel.command('resendEvent', { appservice, eventId })),
    hold: async (appservice, held) => void (await panel.command('hold', { appservice, held })),
    pushers: async () => await panel.command('pushers', {}),
    drained: async (appservice, timeoutMs) => void (await panel.command('drained', { appservice, timeoutMs })),
  };
}
