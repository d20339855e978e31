// How a moment is written in sentences for people: the same for everybody, whatever their clock.

/** @param at epoch ms @returns `2026-11-26 09:00 UTC` */
export function momentOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
