/** The phone's times as the region's: what the screen shows and what people type. */

import { LocalTime } from "../../lib/format";
import { phoneTime, regionTime, shiftOf, type Reading } from "../outbox/phone-clock";

/** Some browsers add seconds. */
const TYPED = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

export class Times {
  readonly #local: LocalTime;
  readonly #reading: Reading;
  readonly #shift: number;

  /** `reading`: the last answer of the server; none: the phone is believed. */
  constructor(zone: string, reading: Reading | null, now: number) {
    this.#local = new LocalTime(zone);
    this.#reading = reading ?? { phone: now, server: now, region: now, factor: 1 };
    this.#shift = shiftOf({ recorded: this.#reading.phone, reading: null }, this.#reading);
  }

  region(phone: number): number {
    return regionTime(phone, this.#shift, this.#reading);
  }

  phone(region: number): number {
    return phoneTime(region, this.#shift, this.#reading);
  }

  /** "10:42". */
  clock(phone: number): string {
    return this.#local.clock(this.region(phone));
  }

  /** Minutes after local midnight, whole. */
  minute(phone: number): number {
    return this.#local.minute(this.region(phone));
  }

  /** "2026-11-24". */
  day(phone: number): string {
    return this.#local.day(this.region(phone));
  }

  date(phone: number): string {
    return this.#local.date(this.region(phone));
  }

  /** "2026-11-24T10:42", as `<input type="datetime-local">` has it. */
  input(phone: number): string {
    return `${this.day(phone)}T${this.clock(phone)}`;
  }

  /** Null for what is no time. */
  fromInput(text: string): number | null {
    if (!TYPED.test(text)) return null;
    const asUtc = Date.parse(`${text.slice(0, 16)}:00Z`);
    const shown = Date.parse(`${this.#local.day(asUtc)}T${this.#local.clock(asUtc)}:00Z`);
    // Zones here have no summer time: the offset is the same on both sides.
    return this.phone(asUtc - (shown - asUtc));
  }
}
