/** The phone's clock and the region's. A phone that is hours off must not make a delivery late. */

const TRUSTED_MS = 5 * 60_000;

/** What one answer of the server told, all epoch ms: the phone's time then, the server's, and the region's. */
export interface Reading {
  readonly phone: number;
  readonly server: number;
  readonly region: number;
  /** Of the region's clock: 1, on a demo clock more. */
  readonly factor: number;
}

/** When something was recorded, as the phone has it, and the last reading before that. */
export interface Recorded {
  readonly recorded: number;
  readonly reading: Reading | null;
}

/** How far the phone is behind the server, ms. */
export function offsetOf(reading: Reading): number {
  return reading.server - reading.phone;
}

export function isTrusted(reading: Reading): boolean {
  return Math.abs(offsetOf(reading)) <= TRUSTED_MS;
}

/**
 * What to add to a record's times so that they are the server's: 0 while the phone is less than 5 minutes off.
 *
 * Somebody may have set the phone since: then the offset of before and that of now differ, and the right one puts the
 * record between the last answer before it and now.
 */
export function shiftOf(row: Recorded, now: Reading): number {
  const fits = (offset: number): boolean => {
    const at = row.recorded + offset;
    return at <= now.server + TRUSTED_MS && (row.reading === null || at >= row.reading.server - TRUSTED_MS);
  };
  const offsets = [offsetOf(now), ...(row.reading ? [offsetOf(row.reading)] : [])];
  const offset = offsets.find(fits) ?? offsetOf(now);
  return Math.abs(offset) > TRUSTED_MS ? offset : 0;
}

/** The region's time for one of the phone's, which `shift` has made the server's. */
export function regionTime(phone: number, shift: number, now: Reading): number {
  const server = phone + shift;
  return now.factor === 1 ? server : Math.round(now.region + (server - now.server) * now.factor);
}

/** The phone's time that `regionTime` turns into `region`. */
export function phoneTime(region: number, shift: number, now: Reading): number {
  return now.factor === 1 ? region - shift : Math.round((region - now.region) / now.factor + now.server) - shift;
}
