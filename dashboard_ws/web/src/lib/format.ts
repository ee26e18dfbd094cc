/** Numbers, times and names as they stand on the wall: Bahasa Indonesia, short. */

import { AGE, type AREAS } from "../words/shared";

const INTEGER = new Intl.NumberFormat("id-ID", { maximumFractionDigits: 0 });

/** 61980 -> "61.980". */
export function count(value: number): string {
  return INTEGER.format(value);
}

/**
 * A share as whole per cent, "63". Rounded down below 100, so that 100 means all; "<1" for what is something but rounds
 * to nothing. Null where there is nothing to divide by.
 */
export function percent(part: number | null, whole: number | null): string | null {
  const share = ratio(part, whole);
  if (share === null) return null;
  if (share > 0 && share < 0.01) return "<1";
  return INTEGER.format(Math.floor(share * 100 + 1e-9));
}

/** part / whole, or null where one is unknown or the whole is not above 0. */
export function ratio(part: number | null, whole: number | null): number | null {
  if (part === null || whole === null || whole <= 0) return null;
  return part / whole;
}

/** An age in the greatest unit that fits: "40 dtk", "4 mnt", "3 jam", "2 hr". */
export function age(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} ${AGE.seconds}`;
  if (whole < 3600) return `${Math.floor(whole / 60)} ${AGE.minutes}`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} ${AGE.hours}`;
  return `${Math.floor(whole / 86_400)} ${AGE.days}`;
}

const ZONES: Readonly<Record<string, string>> = {
  "Asia/Jakarta": "WIB",
  "Asia/Pontianak": "WIB",
  "Asia/Makassar": "WITA",
  "Asia/Jayapura": "WIT",
};

/** The local time of a zone. One object a zone: building formatters is slow. */
export class LocalTime {
  readonly abbreviation: string;
  readonly #parts: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;

  constructor(zone: string) {
    this.abbreviation = ZONES[zone] ?? "";
    this.#parts = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    this.#date = new Intl.DateTimeFormat("id-ID", { timeZone: zone, weekday: "short", day: "numeric", month: "short" });
  }

  #read(ms: number): Record<string, string> {
    return Object.fromEntries(this.#parts.formatToParts(ms).map((part) => [part.type, part.value]));
  }

  /** "10:42", with seconds "10:42:07". */
  clock(ms: number, seconds = false): string {
    const { hour, minute, second } = this.#read(ms);
    return seconds ? `${hour}:${minute}:${second}` : `${hour}:${minute}`;
  }

  /** "2026-11-24". */
  day(ms: number): string {
    const { year, month, day } = this.#read(ms);
    return `${year}-${month}-${day}`;
  }

  /** Minutes after local midnight, whole. */
  minute(ms: number): number {
    const { hour, minute } = this.#read(ms);
    return Number(hour) * 60 + Number(minute);
  }

  /** Since when, in five letters: "08:31", of another day than that of `now` its date, "23/11". */
  since(ms: number, now: number): string {
    if (this.day(ms) === this.day(now)) return this.clock(ms);
    const { month, day } = this.#read(ms);
    return `${day}/${month}`;
  }

  /** "Sel 24 Nov". */
  date(ms: number): string {
    return this.#date.format(ms).replace(",", "");
  }
}

/** "2026-11-27" -> "27/11", as `since` writes it. */
export function shortDay(day: string): string {
  const [, month, date] = day.split("-");
  return `${date}/${month}`;
}

/** Day of the week of "2026-11-24", 1 = Monday. */
export function weekday(day: string): number {
  const index = new Date(`${day}T00:00:00Z`).getUTCDay();
  return index === 0 ? 7 : index;
}

/** "07:30" -> 450. */
export function minuteOf(clock: string): number {
  const [hour, minute] = clock.split(":");
  return Number(hour) * 60 + Number(minute);
}

/** 450 -> "07.30", as times are written in running Indonesian text. */
export function written(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(minute / 60))}.${two(minute % 60)}`;
}

const SHORTER: readonly (readonly [RegExp, string])[] = [
  [/^SPPG\s+/i, ""],
  [/^Contoh\s+/i, ""],
  [/\bSelatan\b/, "Sel."],
  [/\bUtara\b/, "Ut."],
  [/\bBarat\b/, "Bar."],
  [/\bTimur\b/, "Tim."],
  [/\bTengah\b/, "Teng."],
];

/** A kitchen's name where space is short: the words that all names share are left out. */
export function shortName(name: string): string {
  const short = SHORTER.reduce((text, [word, by]) => text.replace(word, by), name).trim();
  return short || name;
}

/** Kemendagri codes: kabupaten count from 01, kota from 71. */
export function areaKind(code: string): keyof typeof AREAS {
  return Number(code.split(".")[1] ?? "0") >= 71 ? "kota" : "kabupaten";
}
