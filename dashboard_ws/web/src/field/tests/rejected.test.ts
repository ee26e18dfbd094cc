/** What the server refuses after it had taken it: to be mended here where this phone has it, shown where it has not. */

import "fake-indexeddb/auto";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Row, State } from "../outbox/rows";
import { Store } from "../outbox/store";
import { exchangeRejected, mended, type RejectedEvent } from "../rejected/rejected";
import { tasksOf } from "../tasks/tasks";
import { REFUSED } from "../../words/field";

const letter = (name: string, more: Partial<RejectedEvent> = {}): RejectedEvent => ({
  letter: `letter-${name}`,
  id: name,
  type: "recipient.meal.eaten",
  code: "conflict",
  detail: "came before",
  received_at: "2026-11-24T03:15:32.000Z",
  ...more,
});

const row = (id: string, state: State, supersedes?: string): Omit<Row, "seq"> => ({
  id,
  source: "/32.11/recipient/npsn:1",
  type: "recipient.meal.eaten",
  data: {},
  time: 1,
  times: {},
  recorded: 1,
  reading: null,
  task: "eaten",
  values: {},
  state,
  line: "{}",
  shift: 0,
  ...(supersedes === undefined ? {} : { supersedes }),
});

let store: Store;

beforeEach(async () => {
  store = await Store.open();
  await store.remember({ phone: "p", seq: 0 });
});

afterEach(() => {
  store.close();
  vi.unstubAllGlobals();
  indexedDB.deleteDatabase("pantau-field");
});

async function heard(rejected: readonly RejectedEvent[]): Promise<void> {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify({ rejected, next: null })));
  await exchangeRejected(store, "t");
}

const shown = async (): Promise<string[]> => ((await store.fact("rejected")) ?? []).map((one) => one.letter);

it("marks a report that was thought to be sent, and leaves what a person has settled", async () => {
  for (const [id, state] of [
    ["a", "sent"],
    ["b", "dropped"],
    ["c", "refused"],
  ] as const)
    await store.add(row(id, state));
  await heard([letter("a"), letter("b"), letter("c"), letter("d")]);
  const states = (await store.shown(0)).map((one) => [one.id, one.state, one.code]);
  expect(states).toEqual([
    ["a", "refused", "conflict"],
    ["b", "dropped", undefined],
    ["c", "refused", undefined],
  ]);
  expect(await shown()).toEqual(["letter-d"]);
});

it("shows what nobody on this phone entered, but no heartbeats", async () => {
  await heard([letter("x", { id: null, type: null, code: "not_json" }), letter("y", { type: "unit.heartbeat" })]);
  expect(await shown()).toEqual(["letter-x"]);
});

it("remembers what a person has seen to as long as the server names it", async () => {
  await heard([letter("x"), letter("y")]);
  await Promise.all(["letter-x", "letter-y", "letter-x"].map((one) => store.addSeen(one)));
  expect(await store.fact("seen")).toEqual(["letter-x", "letter-y"]);
  await heard([letter("y")]);
  expect(await store.fact("seen")).toEqual(["letter-y"]);
});

it.each([
  ["another's network", () => new Response("<h1>Wi-Fi</h1>")],
  ["an older server", () => new Response("{}", { status: 404 })],
  ["nonsense", () => new Response('{"rejected": 5}')],
])("still shows what it knew after an answer of %s", async (_, answer) => {
  await heard([letter("x")]);
  vi.stubGlobal("fetch", async () => answer());
  await exchangeRejected(store, "t");
  expect(await shown()).toEqual(["letter-x"]);
});

it("mends a conflict as a correction of what counts under its id, anything else anew", () => {
  const conflict: Row = { ...row("a", "refused", "before"), seq: 1, code: "conflict" };
  expect(mended(conflict)).toBe("a");
  expect(mended({ ...conflict, code: "too_old" })).toBe("before");
});

it("has words for every code, and one task for every type", () => {
  const codes = readFileSync(new URL("../../../../../contracts/events/codes.py", import.meta.url), "utf8");
  const all = [...codes.matchAll(/^ {4}[A-Z_0-9]+ = "(\w+)"$/gm)].map((match) => match[1] ?? "");
  expect(all.length).toBeGreaterThan(20);
  expect(all.filter((code) => REFUSED[code] === undefined)).toEqual([]);
  for (const kind of ["sppg", "clinic", "recipient"] as const) {
    const types = tasksOf(kind).map((task) => task.type);
    expect(new Set(types).size).toBe(types.length);
  }
});
