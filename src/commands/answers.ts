// Takes typed lines as answers to a login's question, field by field; keeps nothing but what the open question needs.
import type { LoginDesk, OpenQuestion } from '../bridge/logins.ts';
import type { UserId } from '../model/ids.ts';
import { say } from '../model/say.ts';
import type { CommandResult } from './doors.ts';
import { LONGEST_LINE } from './tokens.ts';

export class Answers {
  readonly #logins: LoginDesk;
  /** Fields given so far, by the question itself: they go when it goes. */
  readonly #given = new WeakMap<OpenQuestion['step'], Map<string, string>>();

  constructor(logins: LoginDesk) {
    this.#logins = logins;
  }

  take(user: UserId, question: OpenQuestion, body: string): CommandResult {
    const given = this.#given.get(question.step) ?? new Map<string, string>();
    this.#given.set(question.step, given);
    const field = question.step.fields.find((one) => !given.has(one.name));
    const redact = field?.secret === true ? { redact: true } : {};
    if (body.length > LONGEST_LINE) return { replies: [say('login.one-line-answer')], ...redact };
    const answer = body.replace(/^[\r\n]+|[\r\n]+$/g, '');
    if (/[\r\n]/.test(answer)) return { replies: [say('login.one-line-answer')], ...redact };
    if (field !== undefined) {
      if (answer.trim() === '') return { replies: [say('login.empty-answer')], ...redact };
      given.set(field.name, answer);
    }
    const next = question.step.fields.find((one) => !given.has(one.name));
    if (next !== undefined) return { replies: [next.label], ...redact };
    this.#given.delete(question.step);
    const taken = this.#logins.answer(user, question, Object.fromEntries(given));
    return { replies: taken ? [] : [say('login.no-question')], ...redact };
  }
}
