/** What the desk has returned: shown until it is answered, opened with what this phone has of it. */

import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newestOf, RETRACTED, standing, type Row } from "../outbox/rows";
import { Store } from "../outbox/store";
import { exchangeReturned, reportToMend, unanswered, type ReturnedReport } from "../returned/returned";
import type { Scene, Task } from "../tasks/task";

const AT = Date.parse("2026-11-24T03:15:32.000Z");

const one: ReturnedReport = {
  command: "c",
  id: "a",
  type: "recipient.meal.eaten",
  note: "periksa lagi",
  returned_at: new Date(AT).toISOString(),
};

let seq = 0;
const row = (id: string, more: Partial<Row> = {}): Row => ({
  id,
  seq: ++seq,
  source: "/32.11/recipient/npsn:1",
  type: "recipient.meal.eaten",
  data: {},
  time: 1,
  times: {},
  recorded: AT + 1,
  reading: null,
  task: "eaten",
  values: { kg: id },
  state: "sent",
  line: "{}",
  shift: 0,
  ...more,
});

const ids = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);

let store: Store;

beforeEach(async () => {
  store = await Store.open();
});

afterEach(() => {
  store.close();
  vi.unstubAllGlobals();
  indexedDB.deleteDatabase("pantau-field");
});

it.each([
  ["another's network", () => new Response("<h1>Wi-Fi</h1>")],
  ["an older server", () => new Response("{}", { status: 404 })],
  ["nonsense", () => new Response('{"returned": 5}')],
])("still shows what it knew after an answer of %s", async (_, answer) => {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ returned: [one] })));
  await exchangeReturned(store, "t");
  vi.stubGlobal("fetch", async () => answer());
  await exchangeReturned(store, "t");
  expect(await store.fact("returned")).toEqual([one]);
});

it("is answered by what names it, is not refused, and was entered after it was returned", () => {
  const left = (...rows: Row[]): string[] => ids(unanswered([one], rows, (ms) => ms));
  expect(left(row("a"))).toEqual(["a"]);
  expect(left(row("b", { supersedes: "a", state: "waiting", line: null }))).toEqual([]);
  expect(left(row("b", { supersedes: "a", type: RETRACTED }))).toEqual([]);
  expect(left(row("b", { supersedes: "a", state: "refused" }))).toEqual(["a"]);
  expect(left(row("b", { supersedes: "a", recorded: AT - 1 }))).toEqual(["a"]);
  expect(left(row("b", { supersedes: "x" }))).toEqual(["a"]);
});

it("opens with what this phone last entered, and corrects the version that was returned", () => {
  const own = row("a", { state: "refused" });
  const rows = [own, row("b", { supersedes: "a", time: 7 })];
  const old = reportToMend(one, {} as Task, {} as Scene, own, rows);
  expect([old.values, old.time, old.state]).toEqual([{ kg: "b" }, 7, "sent"]);
  expect(newestOf(old, rows).id).toBe("a");
  const back = reportToMend(one, {} as Task, {} as Scene, own, [own, row("c", { supersedes: "a", type: RETRACTED })]);
  expect(back.values).toEqual({ kg: "a" });
});

it("opens empty where this phone never had it", () => {
  const scene = { source: { source: "s" }, now: 5 } as unknown as Scene;
  const task = { id: "eaten", initial: () => ({ kg: 0 }) } as unknown as Task;
  const old = reportToMend(one, task, scene, undefined, []);
  expect([old.id, old.seq, old.values, old.time, old.task]).toEqual(["a", 0, { kg: 0 }, 5, "eaten"]);
  expect(newestOf(old, [row("b", { supersedes: "a" })]).id).toBe("a");
});

it("counts the last of several corrections of one version, and nothing that corrects the others", () => {
  const chain = [row("a"), row("b", { supersedes: "a" }), row("c", { supersedes: "b" })];
  expect(ids(standing(chain))).toEqual(["c"]);
  expect(ids(standing([...chain, row("d", { supersedes: "a" })]))).toEqual(["d"]);
  expect(ids(standing([...chain, row("d", { supersedes: "a", state: "refused" })]))).toEqual(["c"]);
  expect(ids(standing([...chain, row("d", { supersedes: "a", type: RETRACTED })]))).toEqual([]);
  const later = [row("b", { supersedes: "gone" }), row("d", { supersedes: "gone" })];
  expect(ids(standing(later)), "the first version is not on this phone any more").toEqual(["d"]);
});
