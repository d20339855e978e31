// Unlinks the device of a login that is not kept: right away, or after the process that made it died; knows no steps.
import type { UserId } from '../../model/ids.ts';
import type { Leftover } from '../../ports/login.ts';
import { draftScope, vaultScope, type NetworkAdapter } from '../../ports/network.ts';
import type { Clock, Logger, Vault } from '../../ports/stores.ts';
import type { Cures } from './cures.ts';
import { endingOf, partingOf } from './errors.ts';
import { puppetId, WHATSAPP } from './ids.ts';
import { handlesOf } from './jid.ts';
import { selfOf } from './library.ts';
import { Line } from './line.ts';
import type { PeopleDesk } from './people-desk.ts';
import type { WhatsAppSettings } from './settings.ts';
import { DraftLedger, type Ledger } from './state/ledger.ts';
import { AccountState } from './state/state.ts';
import { CREDS_KEY, openCreds } from './state/values.ts';
import { unlink } from './unlink.ts';

export interface UndoDoors {
  readonly settings: WhatsAppSettings;
  readonly cures: Cures;
  readonly clock: Clock;
  readonly log: Logger;
  readonly openMs: number;
}

/** @returns false when it may be linked still */
export async function undoLink(doors: UndoDoors, ledger: Ledger): Promise<boolean> {
  const { settings, clock, log, cures, openMs } = doors;
  const nothing = (): void => undefined;
  try {
    const state = await AccountState.open({ ledger, clock, log, cures, broken: nothing });
    if (state === undefined) return true;
    try {
      const ears = { passing: nothing, heard: nothing, closing: new AbortController().signal };
      const line = await Line.open({ settings, state, cures, clock, ackMs: openMs, openMs, ...ears });
      try {
        await unlink(line);
      } finally {
        await line.close();
      }
    } finally {
      await state.close();
    }
    return true;
  } catch (error) {
    const { next, error: why } = partingOf(endingOf(error), clock.now());
    log.warn({ network: WHATSAPP, code: why.code }, 'an abandoned login could not be logged out');
    // WhatsApp knows no such device (any more).
    return next === 'sign-out';
  }
}

/** See NetworkAdapter.undoLogin. */
export async function undoDraft(
  doors: UndoDoors & { readonly vault: Vault; readonly people: PeopleDesk },
  owner: UserId,
  stands: Parameters<NonNullable<NetworkAdapter['undoLogin']>>[1],
): Promise<Leftover> {
  const { vault, people, clock, settings } = doors;
  const scope = draftScope(WHATSAPP, owner);
  const kept = await vault.readAll(scope);
  const creds = kept.get(CREDS_KEY);
  if (creds === undefined) return { kind: 'nothing' };
  const draft = openCreds(creds);
  const self = selfOf(draft);
  const handles = handlesOf(self?.id, self?.lid);
  const puppet =
    handles === undefined ? undefined : puppetId(owner, (await people.book()).person(handles, clock.now()));
  const session = puppet === undefined ? undefined : await vault.read(vaultScope(puppet), CREDS_KEY);
  const isSame =
    session !== undefined && Buffer.compare(openCreds(session).noiseKey.private, draft.noiseKey.private) === 0;
  if (puppet !== undefined && isSame && (await stands(puppet))) {
    await vault.forget(scope);
    return { kind: 'kept', puppet };
  }
  const undone = await undoLink(doors, new DraftLedger(undefined, kept));
  await vault.forget(scope);
  return undone ? { kind: 'undone' } : { kind: 'linked', device: settings.deviceName };
}
