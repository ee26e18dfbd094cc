/** A row as the event that is sent. */

import { offsetOf, regionTime, shiftOf, type Reading } from "./phone-clock";
import type { Row } from "./rows";

/** The event's JSON and the shift of its times. `phone`: id of this installation of the form. */
export function lineOf(row: Row, phone: string, now: Reading): { line: string; shift: number } {
  const shift = shiftOf(row, now);
  const rfc3339 = (ms: number): string => new Date(regionTime(ms, shift, now)).toISOString();
  const data: Record<string, unknown> = { ...row.data };
  for (const [name, ms] of Object.entries(row.times)) data[name] = rfc3339(ms);
  const event: Record<string, unknown> = {
    specversion: "1.0",
    id: row.id,
    source: row.source,
    type: row.type,
    time: rfc3339(row.time),
    ...(row.subject === undefined ? {} : { subject: row.subject }),
    ...(row.supersedes === undefined ? {} : { supersedes: row.supersedes }),
    ...(row.recorded === row.time ? {} : { recordedtime: rfc3339(row.recorded) }),
    deviceid: phone,
    deviceseq: row.seq,
    clockoffsetms: offsetOf(now),
    ...(row.staff === undefined ? {} : { staffcode: row.staff }),
    ...(row.reason === undefined ? {} : { correctionreason: row.reason }),
    // What the phone's own clock said, where it was not believed.
    ...(shift === 0 ? {} : { phonetime: new Date(row.time).toISOString() }),
    data,
  };
  return { line: JSON.stringify(event), shift };
}
