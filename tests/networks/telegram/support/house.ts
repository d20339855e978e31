// The house of adapter tests, where Telegram's tests look for it.
export { House, realClock } from '../../../support/house.ts';
