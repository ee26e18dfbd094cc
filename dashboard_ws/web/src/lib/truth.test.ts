import { describe, expect, it } from "vitest";
import type { Row } from "./link/protocol";
import { hearing, judge, linkState, qualityOf } from "./truth";

const T = Date.parse("2026-11-24T03:00:00Z");
const MIN = 60_000;
const at = (as_of: string, ttl_s = 1800): Row => ({ topic: "t", key: as_of, as_of, ttl_s });

describe("a value", () => {
  it.each([
    [0, "live"],
    [1800_000 - 1, "live"],
    [1800_000, "stale"],
    [5400_000 - 1, "stale"],
    [5400_000, "gone"],
  ])("%i ms after its as_of is %s", (age, quality) => {
    expect(qualityOf(T, 1800, T + age)).toBe(quality);
  });

  it("from the future is live: a clock that was just anchored may be behind", () => {
    expect(qualityOf(T, 1800, T - 5_000)).toBe("live");
  });

  it("without a time that can be read is gone", () => {
    expect(qualityOf(Number.NaN, 1800, T)).toBe("gone");
  });
});

describe("what is made from several", () => {
  const fresh = at("2026-11-24T02:59:00Z");
  const stale = at("2026-11-24T02:20:00Z");

  it("takes the worst quality and the oldest as_of", () => {
    expect(judge([fresh, stale, fresh], T)).toEqual({ quality: "stale", asOf: Date.parse("2026-11-24T02:20:00Z") });
  });

  it("is none if an input is missing, or there is none", () => {
    expect(judge([fresh, undefined], T).quality).toBe("none");
    expect(judge([], T)).toEqual({ quality: "none", asOf: null });
  });

  it("judges each by its own ttl", () => {
    expect(judge([at("2026-11-24T02:20:00Z", 21_600), fresh], T).quality).toBe("live");
  });

  it("is gone while the clock is not known", () => {
    expect(judge([fresh], Number.NaN).quality).toBe("gone");
  });
});

describe("the link", () => {
  it("is live while frames come, delayed after 7 s of silence, cut after 15 s", () => {
    const state = (silent: number): string => linkState(silent, 1e6, 0, 1);
    expect([0, 6_999, 7_000, 14_999, 15_000].map(state)).toEqual(["live", "live", "delayed", "delayed", "cut"]);
  });

  it("is delayed if the stream is behind, by the region's clock", () => {
    expect([2.5, 3.5].map((minutes) => linkState(0, 1e6, minutes * MIN, 1))).toEqual(["live", "delayed"]);
    expect([17, 19].map((minutes) => linkState(0, 1e6, minutes * MIN, 72))).toEqual(["live", "delayed"]);
    expect(linkState(0, 1e6, null, 1)).toBe("live");
  });

  it("waits 15 s for the first frame", () => {
    expect(linkState(null, 14_999, null, 1)).toBe("connecting");
    expect(linkState(null, 15_000, null, 1)).toBe("cut");
  });
});

describe("a kitchen", () => {
  const open = T - 5 * 60 * MIN;

  it("is fresh, late after 15 min, silent after 2 h", () => {
    const state = (age: number): string => hearing(T - age * MIN, open, T);
    expect([0, 14, 15, 119, 120].map(state)).toEqual(["fresh", "fresh", "late", "late", "silent"]);
  });

  it("outside its hours is closed, not silent", () => {
    expect(hearing(T - 600 * MIN, null, T)).toBe("closed");
    expect(hearing(T - 5 * MIN, null, T)).toBe("fresh");
  });

  it("is not silent for the night before it opened", () => {
    expect(hearing(T - 600 * MIN, T - 10 * MIN, T)).toBe("fresh");
    expect(hearing(T - 600 * MIN, T - 30 * MIN, T)).toBe("late");
  });

  it("never heard is never, at any hour", () => {
    expect(hearing(null, open, T)).toBe("never");
    expect(hearing(null, null, T)).toBe("never");
  });
});
