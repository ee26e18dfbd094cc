/** Who is on shift: a short code, never a name. Each event says it (`staffcode`). */

const SHIFT_MS = 12 * 3_600_000;
const RECENT = 4;

export interface Shift {
  readonly code: string;
  /** Phone's time. */
  readonly since: number;
}

/** Letters and digits, up to 8, as capitals; null for anything else. */
export function staffCode(text: string): string | null {
  const code = text.trim().toUpperCase();
  return /^[A-Z0-9]{1,8}$/.test(code) ? code : null;
}

/** Nobody is on shift for longer than half a day: who forgets to end it does not sign for the next. */
export function shiftAt(shift: Shift | null, now: number): Shift | null {
  return shift !== null && Math.abs(now - shift.since) < SHIFT_MS ? shift : null;
}

/** Codes of this phone, the last used first. */
export function recentCodes(codes: readonly string[], code: string): string[] {
  return [code, ...codes.filter((one) => one !== code)].slice(0, RECENT);
}
