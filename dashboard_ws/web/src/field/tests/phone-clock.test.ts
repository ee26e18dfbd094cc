/** Clocks of phones: hours off, set in between, on the demo clock. */

import { describe, expect, it } from "vitest";
import { lineOf } from "../outbox/line";
import { regionTime, shiftOf, type Reading } from "../outbox/phone-clock";
import type { Row } from "../outbox/rows";
import { isNik } from "../source/pseudonym";
import { Times } from "../source/times";
import { uuid } from "../source/uuid";

const HOUR = 3_600_000;
const NOON = Date.parse("2026-11-24T05:00:00Z");
const reading = (server: number, ahead: number, factor = 1): Reading => ({
  phone: server + ahead,
  server,
  region: server,
  factor,
});

describe("what is added to a record's times", () => {
  it.each([
    ["right", 0, 0],
    ["a little off", 4 * 60_000, 0],
    ["three hours ahead", 3 * HOUR, -3 * HOUR],
    ["at the beginning of time", -NOON, NOON],
  ])("a phone that is %s", (_, ahead, shift) => {
    const now = reading(NOON, ahead);
    expect(shiftOf({ recorded: now.phone, reading: null }, now)).toBe(shift);
  });

  // Recorded an hour after the last answer and an hour before the next, with the clock set in between.
  it.each([
    ["set after the record, was ahead", 3 * HOUR, 3 * HOUR, 0],
    ["set before the record, was ahead", 3 * HOUR, 0, 0],
    ["set after the record, was behind", -3 * HOUR, -3 * HOUR, 0],
    ["lost its time before the record", 0, -NOON, -NOON],
    ["put wrong after the record", 0, 0, 5 * HOUR],
  ])("a phone that was %s", (_, before, then, after) => {
    const recorded = NOON + then;
    const shift = shiftOf({ recorded, reading: reading(NOON - HOUR, before) }, reading(NOON + HOUR, after));
    expect(recorded + shift).toBe(NOON);
  });

  it("follows the demo clock", () => {
    const now: Reading = { phone: NOON, server: NOON, region: NOON + 9 * HOUR, factor: 72 };
    expect(regionTime(NOON + 1000, 0, now)).toBe(NOON + 9 * HOUR + 72_000);
    const times = new Times("Asia/Jakarta", now, NOON);
    expect(times.phone(times.region(NOON + 500))).toBe(NOON + 500);
  });
});

describe("the line", () => {
  const row: Row = {
    id: "i", seq: 3, source: "/32.11/sppg/K", type: "sppg.delivery.received", subject: "npsn:1", data: { portions: 1 },
    time: NOON + 3 * HOUR, times: { cooked_at: NOON + HOUR }, recorded: NOON + 3 * HOUR, reading: null, task: "delivery",
    values: {}, state: "waiting", line: null, shift: 0,
  }; // prettier-ignore

  it("has the server's times, also in its data, and tells the phone's", () => {
    const { line, shift } = lineOf(row, "phone", reading(NOON, 3 * HOUR));
    expect(shift).toBe(-3 * HOUR);
    expect(JSON.parse(line)).toMatchObject({
      time: "2026-11-24T05:00:00.000Z",
      phonetime: "2026-11-24T08:00:00.000Z",
      clockoffsetms: -3 * HOUR,
      deviceseq: 3,
      data: { portions: 1, cooked_at: "2026-11-24T03:00:00.000Z" },
    });
  });

  it("says when it was stated only where that is another time", () => {
    expect(lineOf(row, "p", reading(NOON, 0)).line).not.toContain("recordedtime");
    const late = { ...row, recorded: row.time + HOUR };
    expect(lineOf(late, "p", reading(NOON + 9 * HOUR, 0)).line).toContain('"recordedtime":"2026-11-24T09:00:00.000Z"');
  });
});

it("what is typed is the region's time, whatever the phone's zone", () => {
  const times = new Times("Asia/Jakarta", null, NOON);
  expect(times.input(NOON)).toBe("2026-11-24T12:00");
  expect(times.fromInput("2026-11-24T12:00")).toBe(NOON);
  expect(times.fromInput("")).toBeNull();
});

it("ids sort by time and are UUIDs", () => {
  const ids = [uuid(NOON), uuid(NOON + 1), uuid(NOON + HOUR)];
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

it.each([
  ["3211081505900001", true],
  ["3211085505900001", true],
  ["3211083505900001", false],
  ["3211081513900001", false],
  ["9611081505900001", true],
  ["9711081505900001", false],
  ["2011081505900001", false],
  ["0011081505900001", false],
  ["321108150590000", false],
  ["32110815059000011", false],
])("%s is a NIK: %s", (text, is) => expect(isNik(text)).toBe(is));
