import { describe, expect, it } from "vitest";
import {
  EMPTY,
  num,
  parseFrame,
  reduce,
  str,
  type Delta,
  type Frame,
  type Live,
  type Row,
  type Snapshot,
} from "./protocol";

const row = (key: string, value: number): Row => ({
  topic: "performance",
  key,
  as_of: "2026-11-24T03:00:00Z",
  ttl_s: 1800,
  value,
});
const now = "2026-11-24T03:00:00Z";
const snap = (rows: Row[], seq = 10, part = 1, parts = 1, epoch = "e"): Snapshot => ({
  op: "snapshot",
  epoch,
  seq,
  now,
  part,
  parts,
  rows,
});
const delta = (from: number, seq: number, rows: Row[] = [], gone: string[] = []): Delta => ({
  op: "delta",
  from,
  seq,
  rows,
  gone,
});
const ping = (seq: number, epoch: string | null = "e"): Frame => ({ op: "ping", now, epoch, seq, as_of: now });
const feed = (live: Live, ...frames: Frame[]): Live => frames.reduce((held, frame) => reduce(held, frame).live, live);
const values = (live: Live): Record<string, number | null> =>
  Object.fromEntries([...live.rows].map(([key, one]) => [key, num(one, "value")]));

describe("snapshot", () => {
  it("is not seen before its last part", () => {
    const half = feed(EMPTY, snap([row("a", 1)], 10, 1, 2));
    expect(half.position).toBeNull();
    expect(half.rows.size).toBe(0);
    expect(values(feed(half, snap([row("b", 2)], 10, 2, 2)))).toEqual({ a: 1, b: 2 });
  });

  it("replaces what was held: a row it does not name is gone", () => {
    const live = feed(EMPTY, snap([row("a", 1), row("b", 2)]), snap([row("b", 3)], 11, 1, 1, "f"));
    expect(values(live)).toEqual({ b: 3 });
    expect(live.position).toEqual({ epoch: "f", seq: 11 });
  });

  it("keeps the old picture while a new one is on its way", () => {
    const live = feed(EMPTY, snap([row("a", 1)]), snap([row("a", 9)], 20, 1, 2));
    expect(values(live)).toEqual({ a: 1 });
  });

  it.each([
    ["a part is missing", [snap([row("a", 1)], 10, 1, 3), snap([row("c", 3)], 10, 3, 3)]],
    ["parts are of two snapshots", [snap([row("a", 1)], 10, 1, 2), snap([row("b", 2)], 11, 2, 2)]],
    ["the first part never came", [snap([row("b", 2)], 10, 2, 2)]],
    ["a delta comes between parts", [snap([row("a", 1)], 10, 1, 2), delta(10, 11, [row("a", 2)])]],
  ])("is asked for again if %s", (_, frames) => {
    const before = feed(EMPTY, ...frames.slice(0, -1));
    const step = reduce(before, frames.at(-1) as Frame);
    expect(step.resubscribe).toBe(true);
    expect(step.live.rows.size).toBe(0);
    expect(step.live.pending).toBeNull();
  });
});

describe("delta", () => {
  const held = feed(EMPTY, snap([row("a", 1), row("b", 2)]));

  it("applies if from <= held < seq, whatever it overlaps", () => {
    expect(values(feed(held, delta(10, 12, [row("a", 5)], ["b"])))).toEqual({ a: 5 });
    expect(values(feed(held, delta(3, 12, [row("a", 5)])))).toEqual({ a: 5, b: 2 });
  });

  it("is dropped if it tells nothing new", () => {
    expect(reduce(held, delta(9, 10, [row("a", 99)]))).toEqual({ live: held, resubscribe: false });
  });

  it("that leaves a gap asks again and shows nothing of itself", () => {
    const step = reduce(held, delta(11, 12, [row("a", 99)]));
    expect(step.resubscribe).toBe(true);
    expect(values(step.live)).toEqual({ a: 1, b: 2 });
  });

  it("before any snapshot asks again", () => {
    expect(reduce(EMPTY, delta(0, 1)).resubscribe).toBe(true);
  });

  it("keeps a row that is gone and back", () => {
    expect(values(feed(held, delta(10, 11, [row("a", 7)], ["a"])))).toEqual({ a: 7, b: 2 });
  });

  it("never changes a state that somebody holds", () => {
    feed(held, delta(10, 12, [row("a", 5)], ["b"]));
    expect(values(held)).toEqual({ a: 1, b: 2 });
  });
});

describe("ping", () => {
  const held = feed(EMPTY, snap([row("a", 1)]));

  it("asks again at the second ping that is ahead, or of another epoch", () => {
    for (const frame of [ping(11), ping(10, "other")]) {
      const first = reduce(held, frame);
      expect(first.resubscribe).toBe(false);
      expect(reduce(first.live, frame).resubscribe).toBe(true);
    }
  });

  it("forgets a gap that closed by itself", () => {
    const behind = feed(held, ping(11), delta(10, 11), ping(11));
    expect(behind.behind).toBe(0);
    expect(reduce(behind, ping(12)).resubscribe).toBe(false);
  });

  it("of a region that has not begun says nothing", () => {
    expect(reduce(EMPTY, ping(0, null)).resubscribe).toBe(false);
  });
});

it("any order of deltas that overlap ends at the newest values", () => {
  const all = [
    delta(10, 11, [row("a", 11)]),
    delta(10, 13, [row("a", 13), row("b", 12)]),
    delta(12, 14, [row("b", 14)]),
  ];
  const held = feed(EMPTY, snap([row("a", 1)]));
  expect(values(feed(held, ...all))).toEqual({ a: 13, b: 14 });
  expect(values(feed(held, ...all, ...all))).toEqual({ a: 13, b: 14 });
});

it("texts that are no frames are none", () => {
  for (const text of ["", "{", "null", "[]", '{"op":"other"}', '"snapshot"']) expect(parseFrame(text)).toBeNull();
  expect(parseFrame('{"op":"ping","now":"","epoch":null,"seq":0}')?.op).toBe("ping");
});

it("a column that is missing, null or no number is never 0", () => {
  const one: Row = { ...row("a", 0), hidden: null, text: "5" };
  expect([num(one, "value"), num(one, "hidden"), num(one, "text"), num(undefined, "value")]).toEqual([
    0,
    null,
    null,
    null,
  ]);
  expect([str(one, "text"), str(one, "value"), str(undefined, "text")]).toEqual(["5", "", ""]);
});
