/** Closed days: who is asked for a reason, until when, and what is sent of it. */

import { describe, expect, it } from "vitest";
import { closureOf, dayState, reasonFields, reasonOf, valuesOf } from "../closing/closing";
import { lineOf } from "../outbox/line";
import type { Row } from "../outbox/rows";
import { holdsNik } from "../source/pseudonym";
import type { Source } from "../source/source";
import { Times } from "../source/times";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 17:59 in Sumedang. */
const BEFORE = Date.parse("2026-11-24T10:59:00Z");
const NOW = BEFORE + 60_000;
const READING = { phone: NOW, server: NOW, region: NOW, factor: 1 };
const times = new Times("Asia/Jakarta", READING, NOW);
const source = { timezone: "Asia/Jakarta", day_closes: "18:00" } as Source;
const older = { timezone: "Asia/Jakarta" } as Source;

const row = (more: Partial<Row>): Row => ({
  id: "a",
  seq: 1,
  source: "/32.11/recipient/npsn:1",
  type: "recipient.meal.eaten",
  data: {},
  time: NOW - HOUR,
  times: {},
  task: "eaten",
  values: {},
  recorded: NOW - HOUR,
  reading: null,
  state: "sent",
  line: "{}",
  shift: 0,
  ...more,
});

describe("a local day", () => {
  it.each([
    ["of today, before it closes", source, NOW - HOUR, BEFORE, "open"],
    ["of today, from then on", source, NOW - HOUR, NOW, "closed"],
    ["that is over", source, NOW - DAY, BEFORE, "closed"],
    [
      "whose midnight has passed",
      older,
      Date.parse("2026-11-24T16:59:59Z"),
      Date.parse("2026-11-24T17:00:00Z"),
      "closed",
    ],
    ["of an older server, late in the evening", older, NOW, Date.parse("2026-11-24T16:59:59Z"), "open"],
    ["30 days ago", source, NOW - 30 * DAY, NOW, "closed"],
    ["over 30 days ago", source, NOW - 30 * DAY - 1, NOW, "locked"],
  ])("%s", (_, of, time, now, state) => expect(dayState(of, times, time, now)).toBe(state));
});

describe("a reason is asked for", () => {
  it.each([
    ["what was sent", row({}), true],
    ["what may have arrived", row({ state: "waiting" }), true],
    ["what was never sent", row({ state: "waiting", line: null }), false],
    ["a correction that was never sent", row({ state: "waiting", line: null, supersedes: "z" }), true],
    ["a refused report", row({ state: "refused", code: "out_of_range" }), false],
    ["a refused correction", row({ state: "refused", code: "out_of_range", supersedes: "z" }), true],
    ["what the desk has returned, with its reason", row({ isReturned: true }), false],
  ])("of %s: %s", (_, old, asked) => expect(closureOf(source, times, NOW, old, old.time).needsReason).toBe(asked));

  it("also where a report of an open day is put on a closed one", () => {
    const found = closureOf(source, times, BEFORE, row({}), NOW - DAY);
    expect(found).toMatchObject({ needsReason: true, isLocked: false });
    expect(found.notice).toContain("ditutup pukul 18.00");
  });

  it("not of a first report, however late; one that is too late is locked, with why", () => {
    expect(closureOf(source, times, NOW, null, NOW - 29 * DAY)).toEqual({
      isLocked: false,
      needsReason: false,
      notice: "",
    });
    expect(closureOf(source, times, NOW, null, NOW - 31 * DAY)).toMatchObject({ isLocked: true });
    const corrected = closureOf(source, times, NOW, row({ time: NOW - 31 * DAY }), NOW);
    expect(corrected).toMatchObject({ isLocked: true, needsReason: false });
    expect(corrected.notice).toContain("30 hari");
  });
});

it("is chosen or written, is sent as an attribute, and not offered for the next version", () => {
  expect(reasonFields({}).map((one) => one.name)).toEqual(["correctionreason"]);
  expect(reasonFields({ correctionreason: "other" }).map((one) => one.name)).toEqual([
    "correctionreason",
    "correctionother",
  ]);
  expect(reasonOf({ correctionreason: "salah ketik", correctionother: "x" }, null)).toEqual({ reason: "salah ketik" });
  const values = { leftover_kg: 1, correctionreason: "other", correctionother: " timbangan rusak " };
  const made = row({ values, ...reasonOf(values, row({})) });
  expect(JSON.parse(lineOf(made, "p", READING).line)).toMatchObject({ correctionreason: "timbangan rusak" });
  expect(JSON.parse(lineOf(row({}), "p", READING).line)).not.toHaveProperty("correctionreason");
  expect(valuesOf(made)).toEqual({ leftover_kg: 1 });
  expect(valuesOf({ ...made, state: "refused" })).toEqual(values);
  expect(reasonOf({}, row({ isReturned: true }))).toEqual({ reason: "dikembalikan petugas" });
});

it.each([
  ["3211081505900001", true],
  ["Bu Siti 321108 150590 0001!", true],
  ["3211.0815.0590-0001", true],
  ["32110815059000012", false],
  ["hadir 280 dari 300", false],
])("a NIK in %s: %s", (text, is) => expect(holdsNik(text)).toBe(is));
