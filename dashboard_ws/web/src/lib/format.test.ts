import { expect, it } from "vitest";
import { age, areaKind, count, LocalTime, minuteOf, percent, shortName, weekday, written } from "./format";

it("numbers are written as in Indonesia", () => {
  expect([count(0), count(61980), count(1234567)]).toEqual(["0", "61.980", "1.234.567"]);
});

it("per cent rounds so that 100 means all and 0 means none", () => {
  expect(percent(99_999, 100_000)).toBe("99");
  expect(percent(100_000, 100_000)).toBe("100");
  expect(percent(1, 100_000)).toBe("<1");
  expect(percent(0, 100_000)).toBe("0");
  expect(percent(29, 100)).toBe("29");
  expect(percent(102, 100)).toBe("102");
});

it("what cannot be divided is not known", () => {
  expect([percent(1, 0), percent(null, 5), percent(5, null)]).toEqual([null, null, null]);
});

it("an age stands in its greatest unit", () => {
  expect([-5, 0, 59, 60, 3599, 3600, 86_399, 86_400].map(age)).toEqual([
    "0 dtk",
    "0 dtk",
    "59 dtk",
    "1 mnt",
    "59 mnt",
    "1 jam",
    "23 jam",
    "1 hr",
  ]);
});

it("local time is the region's, not the browser's", () => {
  const moment = Date.parse("2026-11-24T17:30:05Z");
  const wib = new LocalTime("Asia/Jakarta");
  const wit = new LocalTime("Asia/Jayapura");
  expect([wib.day(moment), wib.clock(moment, true), wib.minute(moment), wib.abbreviation]).toEqual([
    "2026-11-25",
    "00:30:05",
    30,
    "WIB",
  ]);
  expect([wit.clock(moment), wit.abbreviation]).toEqual(["02:30", "WIT"]);
  expect(wib.date(moment)).toBe("Rab 25 Nov");
});

it("since when is the local time, of another day its date", () => {
  const jakarta = new LocalTime("Asia/Jakarta");
  const now = Date.parse("2026-11-24T01:40:00Z");
  const since = ["2026-11-24T01:31:00Z", "2026-11-23T17:00:00Z", "2026-11-23T16:59:59Z", "2026-11-05T01:31:00Z"];
  expect(since.map((at) => jakarta.since(Date.parse(at), now))).toEqual(["08:31", "00:00", "23/11", "05/11"]);
});

it("days of the week count from Monday", () => {
  expect([weekday("2026-11-22"), weekday("2026-11-23"), weekday("2026-11-28")]).toEqual([7, 1, 6]);
});

it("times of day", () => {
  expect([minuteOf("07:30"), written(450), written(0)]).toEqual([450, "07.30", "00.00"]);
});

it("names lose what all of them share, and nothing else", () => {
  expect(shortName("SPPG Contoh Wado 01")).toBe("Wado 01");
  expect(shortName("SPPG Sumedang Selatan Kota Kulon")).toBe("Sumedang Sel. Kota Kulon");
  expect(shortName("SPPG")).toBe("SPPG");
});

it("codes tell kabupaten from kota", () => {
  expect([areaKind("32.11"), areaKind("32.73")]).toEqual(["kabupaten", "kota"]);
});
