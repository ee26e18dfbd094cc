/** What recipients say of the day, and who is not served and why. */

import { count, percent, ratio } from "../format";
import { num, type Row } from "../link/protocol";
import type { Attended, NotServed } from "../region";
import { WORDS } from "../../words/wall";

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

/** Who of those present has eaten, where recipients say both, and who is absent because ill. */
export function attended(row: Row | undefined, sums: Attended): string {
  const share = percent(sums.eaten, sums.present);
  const ill = num(row, "absent_ill");
  return [share === null ? "" : WORDS.attended(share), ill ? WORDS.absentIll(count(ill)) : ""]
    .filter(Boolean)
    .join(" · ");
}

/** Letters that the line has room for. */
const LINE = 104;
/** Room for "+9 lainnya" behind what is named. */
const MORE = 14;

/**
 * "Tidak melayani: 14 sekolah (ujian)"; the reasons with most recipients first. Where recipients of several kinds are
 * left out, or groups of some alone, the groups are named. `declined`: registered whom recipients themselves called off.
 */
export function notServed(all: readonly NotServed[], declined: number): string {
  const entries = [...all.map(entry), ...(declined > 0 ? [WORDS.declined(count(declined))] : [])];
  const [first, ...others] = entries;
  if (first === undefined) return WORDS.allServed;
  const room = LINE - (others.length > 0 ? MORE : 0);
  let line = cut(`${WORDS.notServed}: ${first}`, room);
  let left = others.length;
  for (const one of others) {
    const longer = `${line} · ${one}`;
    if (longer.length > (left > 1 ? room : LINE)) break;
    line = longer;
    left -= 1;
  }
  return left > 0 ? `${line} · ${WORDS.more(left)}` : line;
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function entry({ reason, groups, whole, kind, recipients }: NotServed): string {
  const who = `${count(recipients)} ${WORDS.kinds[kind]}`;
  if (whole && (kind !== "" || groups.length === 0)) return reason ? `${who} (${reason})` : who;
  const names: Readonly<Record<string, string>> = WORDS.groups;
  const named = groups.map((group) => names[group] ?? group).join(", ");
  return `${named}${reason ? `: ${reason}` : ""} (${who})`;
}

/**
 * Why nobody is served on a day off: "Libur: Natal", or that it is no day of service. A holiday in the school holidays
 * has its own name, though most are left out for the other reason.
 */
export function dayOff(all: readonly NotServed[], holiday: string): string {
  const reason = holiday || (all.find((one) => one.reason !== "")?.reason ?? "");
  return reason === "" ? WORDS.noService : `${WORDS.dayOff}: ${reason}`;
}
