/** What recipients say of the day, and who is not served and why. */

import { count, percent, ratio } from "../format";
import { num, type Row } from "../link/protocol";
import type { NotServed } from "../region";
import { WORDS } from "../words";

/** Recipients' day in a line: share of portions received that they confirmed, portions refused, who reports. */
export function confirmed(row: Row | undefined, received: number | null, expected: number): string {
  const [taken, refused, reporting] = [
    num(row, "portions_confirmed"),
    num(row, "portions_refused"),
    num(row, "reporting"),
  ];
  if (taken === null || refused === null || !reporting) return WORDS.none;
  const share = percent(taken, received) ?? "–";
  return `${WORDS.confirmed(share, count(refused))} · ${WORDS.reporting(count(reporting), count(expected))}`;
}

/** Difference from which a kitchen and its recipients do not say the same. */
const UNLIKE = 0.1;

/**
 * Portions that a kitchen has received and its recipients have neither confirmed nor refused (negative: more than
 * received), where that is over 10 % of received. 0 unless both count as many deliveries: one that is not checked yet,
 * or never will be, is no difference.
 */
export function difference(kitchen: Row | undefined, recipients: Row | undefined): number {
  const received = num(kitchen, "portions_received");
  const [taken, refused] = [num(recipients, "portions_confirmed"), num(recipients, "portions_refused")];
  if (received === null || taken === null || refused === null || !num(recipients, "checks")) return 0;
  if (num(recipients, "checks") !== num(kitchen, "deliveries")) return 0;
  const apart = received - taken - refused;
  const share = ratio(Math.abs(apart), received);
  return (share === null ? apart !== 0 : share > UNLIKE) ? apart : 0;
}

/** Entries that have a place in the line. */
const MOST = 1;
const MOST_LETTERS = 18;

/** "Tidak melayani: 14 penerima (ujian)"; the reasons with most recipients first; empty if all are served. */
export function notServed(all: readonly NotServed[]): string {
  if (all.length === 0) return "";
  const named = all.slice(0, MOST).map(({ recipients, groups, reason }) => {
    const why = [groups.join(", "), reason].filter((part) => part !== "").join(": ");
    return WORDS.recipients(count(recipients), why.length > MOST_LETTERS ? `${why.slice(0, MOST_LETTERS - 1)}…` : why);
  });
  const more = all.length - MOST;
  return `${WORDS.notServed}: ${[...named, ...(more > 0 ? [WORDS.more(more)] : [])].join(" · ")}`;
}

/** Why nobody is served on a day off: "Libur: Natal", or that it is no day of service. */
export function dayOff(all: readonly NotServed[]): string {
  const reason = all.find((one) => one.reason !== "")?.reason;
  return reason === undefined ? WORDS.noService : `${WORDS.dayOff}: ${reason}`;
}
