// A network whose logins a test plays by hand, step by step; knows no wire.
import { as, type NetworkId, type UserId } from '../../src/model/ids.ts';
import { say } from '../../src/model/say.ts';
import type { LoginProcess, LoginStep } from '../../src/ports/login.ts';
import type { NetworkAdapter } from '../../src/ports/network.ts';

export class ScriptedLogin implements LoginProcess {
  readonly answers: Readonly<Record<string, string>>[] = [];
  readonly ends: string[] = [];
  readonly steps: AsyncIterable<LoginStep>;
  #queue: LoginStep[] = [];
  #wake: (() => void) | undefined;

  constructor() {
    this.steps = this.#play();
  }

  step(step: LoginStep): void {
    this.#queue.push(step);
    this.#wake?.();
  }

  answer(fields: Readonly<Record<string, string>>): void {
    this.answers.push(fields);
  }

  async cancel(): Promise<void> {
    await Promise.resolve();
    this.ends.push('cancel');
  }

  async abandon(): Promise<void> {
    await Promise.resolve();
    this.ends.push('abandon');
  }

  async *#play(): AsyncGenerator<LoginStep> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

export interface ScriptedNetwork {
  readonly adapter: NetworkAdapter;
  readonly logins: ScriptedLogin[];
}

export function scriptedNetwork(id: NetworkId): ScriptedNetwork {
  const logins: ScriptedLogin[] = [];
  const adapter: NetworkAdapter = {
    id,
    title: 'Pigeon',
    prefix: 'pg',
    capabilities: { actions: new Set(['send']), bodies: new Set(['text']), maxTextUnits: 100 },
    loginFlows: [{ id: 'phone', title: say('kind.contact') }],
    beginLogin: () => {
      const login = new ScriptedLogin();
      logins.push(login);
      return login;
    },
    openSession: () => {
      throw new Error('no sessions here');
    },
    close: async () => await Promise.resolve(),
  };
  return { adapter, logins };
}

export const marie = as<UserId>('@marie:agency.fr');
export const root = as<UserId>('@root:agency.fr');
