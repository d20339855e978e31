// The second factor's proof (SRP), from the library; blocks the event loop for about 300 ms, so callers take turns.
import './fast-numbers.ts';
import { computeCheck } from 'telegram/Password.js';
import type { Api } from './api.ts';

export async function passwordProof(
  question: Api.account.Password,
  password: string,
): Promise<Api.TypeInputCheckPasswordSRP> {
  return await computeCheck(question, password);
}
