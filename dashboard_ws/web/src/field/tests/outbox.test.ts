/** The outbox over a network that loses, repeats and refuses: nothing lost, nothing twice. */

import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { outcomeOf, waitSeconds } from "../outbox/answer";
import { Flusher, settled } from "../outbox/flusher";
import { newestOf, standing, type Row } from "../outbox/rows";
import { Store } from "../outbox/store";
import { uuid } from "../source/uuid";

const SOURCE = "/32.11/recipient/npsn:1";
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

/** Numbers in 0..1 that are the same in each run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

let at = 1_700_000_000_000;

function row(more: Partial<Row> = {}): Omit<Row, "seq"> {
  at += 1000;
  return {
    id: uuid(at),
    source: SOURCE,
    type: "recipient.meal.eaten",
    data: { eaten: { sd: 1 }, leftover_g: 0 },
    time: at,
    times: {},
    recorded: at,
    reading: null,
    task: "eaten",
    values: {},
    state: "waiting",
    line: null,
    shift: 0,
    ...more,
  };
}

/** A server that keeps what it took, and a network that `chance` decides on. */
class Network {
  readonly taken: string[] = [];
  readonly refused = new Set<string>();
  readonly confirmed: string[] = [];
  holds: readonly { id: string; confirmed_at: string | null }[] = [];
  /** How often the holds are given before an answer that was taken is among them. */
  lag = 0;
  #taken = new Set<string>();
  portal = false;
  fault = 0;
  limit = Infinity;
  constructor(readonly chance: () => number) {}

  readonly fetch = async (path: string, init: RequestInit): Promise<Response> => {
    if (this.chance() < this.fault / 3) throw new TypeError("cut");
    if (path === "v1/source") return json(200, this.source());
    if (path === "v1/token") return json(200, { token: "fresh" });
    if (path === "v1/rejected") return json(200, { rejected: [] });
    if (path === "v1/returned") return json(200, { returned: [] });
    if (path === "v1/holds") return this.portal ? new Response("<h1>Wi-Fi</h1>") : json(200, { holds: this.shown() });
    if (path.startsWith("v1/holds/")) {
      this.confirmed.push(`${path} ${String(init.body)}`);
      // The answer may be lost: then it is said again.
      if (this.chance() < this.fault / 3) throw new TypeError("cut");
      const hold = this.holds.find((one) => path.includes(one.id));
      if (hold !== undefined) this.#taken.add(hold.id);
      return json(hold === undefined ? 404 : 202, {});
    }
    if (path.startsWith("v1/receipts/")) return json(200, { clickhouse: path.endsWith("r1") });
    const lines = String(init.body).split("\n");
    if (lines.length > this.limit) return json(413, { detail: "too large" });
    const rejected = [];
    for (const [index, line] of lines.entries()) {
      const { id, type } = JSON.parse(line) as { id: string; type: string };
      if (this.refused.has(id)) rejected.push({ index, id, code: "too_old", detail: "old" });
      else if (type !== "unit.heartbeat") this.taken.push(line);
    }
    // The answer may be lost, or another's page stands in its place.
    if (this.chance() < this.fault / 3) throw new TypeError("cut");
    if (this.chance() < this.fault / 3) return new Response("<h1>Wi-Fi</h1>", { status: 200 });
    const accepted = lines.length - rejected.length;
    return json(accepted > 0 ? 202 : 422, { accepted, rejected, receipt: `r${this.taken.length}` });
  };

  private shown(): unknown {
    if (this.#taken.size > 0 && this.lag-- > 0) return this.holds;
    return this.holds.map((one) => (this.#taken.has(one.id) ? { ...one, confirmed_at: "now" } : one));
  }

  source(): unknown {
    return { source: SOURCE, kind: "recipient", now: new Date(at + 60_000).toISOString(), clock_factor: 1 };
  }

  get ids(): string[] {
    return [...new Set(this.taken.map((line) => (JSON.parse(line) as { id: string }).id))].sort();
  }
}

let store: Store;
let network: Network;
let flusher: Flusher;
const links: string[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: at });
  store = await Store.open();
  await store.remember({ token: "t", phone: "p", seq: 0 });
  network = new Network(dice(7));
  vi.stubGlobal("fetch", network.fetch);
  links.length = 0;
  flusher = new Flusher(store, { changed: () => undefined, link: (state) => void links.push(state) });
});

afterEach(() => {
  store.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  indexedDB.deleteDatabase("pantau-field");
});

const left = async (): Promise<number> => (await store.inState("waiting")).length;

describe("sending", () => {
  it.each([1, 2, 3, 4, 5, 6])("brings everything over a bad network once (%i)", async (seed) => {
    network = new Network(dice(seed));
    network.fault = 0.8;
    vi.stubGlobal("fetch", network.fetch);
    const made: string[] = [];
    for (let step = 0; step < 40; step++) {
      if (step < 25) made.push((await store.add(row())).id);
      // A phone that was killed begins anew with what is in the store.
      if (step % 3 === 0) flusher = new Flusher(store, { changed: () => undefined, link: () => undefined });
      await flusher.flush(true);
    }
    network.fault = 0;
    await flusher.flush(true);
    expect(await left()).toBe(0);
    expect(network.ids).toEqual([...made].sort());
    expect(new Set(network.taken).size).toBe(made.length);
    expect(network.taken.length).toBeGreaterThan(made.length);
  });

  it("halves what is too much at once, and sets one event aside that is", async () => {
    network.limit = 3;
    for (let count = 0; count < 10; count++) await store.add(row());
    await flusher.flush();
    expect([await left(), network.ids.length]).toEqual([0, 10]);
    network.limit = 0;
    const { id } = await store.add(row());
    await flusher.flush();
    expect((await store.inState("aside")).map((one) => [one.id, one.code])).toEqual([[id, "http_413"]]);
  });

  it("keeps what is refused, with its reason", async () => {
    const [good, bad] = [await store.add(row()), await store.add(row())];
    network.refused.add(bad.id);
    await flusher.flush();
    expect((await store.inState("sent")).map((one) => [one.id, one.receipt, one.stored])).toEqual([
      [good.id, "r1", true],
    ]);
    expect((await store.inState("refused")).map((one) => [one.id, one.code])).toEqual([[bad.id, "too_old"]]);
  });

  it("waits for a new code where the token holds no more, and loses nothing", async () => {
    await store.add(row());
    vi.stubGlobal("fetch", async () => json(401, { detail: "ended" }));
    await flusher.flush();
    expect([links.at(-1), await left()]).toEqual(["enrol", 1]);
  });

  it.each([
    ["young", -1, 10, "old"],
    ["in the second half of its life", -11, 10, "fresh"],
  ])("with a token that is %s", async (_, made, ends, kept) => {
    const claims = btoa(JSON.stringify({ made_ms: at + made * 86_400_000, exp: at / 1000 + ends * 86_400 }));
    const token = `p1.${claims}.mac`;
    await store.remember({ token });
    await flusher.flush();
    expect(await store.fact("token")).toBe(kept === "fresh" ? "fresh" : token);
  });

  it("sends nothing of another source", async () => {
    await store.add(row({ source: "/32.11/sppg/OTHER" }));
    await flusher.flush();
    expect([await left(), network.taken.length]).toEqual([1, 0]);
  });
});

describe("holds", () => {
  const answer = { eaten: true, source: SOURCE };

  it.each([1, 2, 3, 4])("keeps an answer until the server has it (%i)", async (seed) => {
    network = new Network(dice(seed));
    network.holds = [{ id: "hold-1", confirmed_at: null }];
    network.fault = 1.5;
    vi.stubGlobal("fetch", network.fetch);
    await store.answerHold("hold-1", answer);
    for (let step = 0; step < 20; step++) await flusher.flush(true);
    network.fault = 0;
    await flusher.flush(true);
    expect(new Set(network.confirmed)).toEqual(new Set(['v1/holds/hold-1/confirm {"eaten":true}']));
    expect(await store.fact("answers")).toEqual({});
    expect(await store.fact("holds")).toEqual([{ id: "hold-1", confirmed_at: "now" }]);
  });

  it("keeps an answer that the server took until the server shows it, and asks again soon", async () => {
    network.holds = [{ id: "hold-5", confirmed_at: null }];
    network.lag = 2;
    await store.answerHold("hold-5", answer);
    await flusher.flush();
    expect(await store.fact("answers")).toEqual({ "hold-5": answer });
    for (let step = 0; step < 2; step++) {
      links.length = 0;
      await vi.advanceTimersByTimeAsync(3_000);
      await vi.waitFor(() => expect(links.at(-1)).toBe("idle"));
    }
    expect(await store.fact("answers")).toEqual({});
    expect(await store.fact("holds")).toEqual([{ id: "hold-5", confirmed_at: "now" }]);
  });

  it("forgets an answer to what was lifted meanwhile, and says nothing for another source", async () => {
    await store.answerHold("hold-2", answer);
    await store.answerHold("hold-3", { eaten: false, source: "/32.11/recipient/npsn:2" });
    await flusher.flush();
    expect(network.confirmed).toEqual(['v1/holds/hold-2/confirm {"eaten":true}']);
    expect(Object.keys((await store.fact("answers")) ?? {})).toEqual(["hold-3"]);
  });

  it("still knows what it knew where another's network answers", async () => {
    network.holds = [{ id: "hold-4", confirmed_at: null }];
    await flusher.flush();
    network.portal = true;
    await flusher.flush();
    expect(await store.fact("holds")).toEqual([{ id: "hold-4", confirmed_at: null }]);
  });
});

describe("answers", () => {
  it.each([
    [503, "", "later"],
    [429, "", "later"],
    [200, "<h1>Wi-Fi</h1>", "later"],
    [202, "<h1>Wi-Fi</h1>", "later"],
    [302, "", "later"],
    [400, "<h1>proxy</h1>", "later"],
    [400, '{"detail":"nothing parses"}', "aside"],
    [415, '{"detail":"other type"}', "aside"],
    [413, "", "halve"],
    [401, '{"detail":"ended"}', "enrol"],
    [403, "", "enrol"],
    [422, '{"accepted":0,"rejected":[]}', "judged"],
  ])("%i %s is %s", (status, body, kind) => {
    expect(outcomeOf({ status, body, retryAfter: null }).kind).toBe(kind);
  });

  it("waits at least as long as asked, and never longer than ten minutes more", () => {
    expect(waitSeconds(0, 30, 0)).toBe(30);
    expect(waitSeconds(99, null, 1)).toBe(600);
  });

  it("changes nothing that another tab has settled", () => {
    const sent: Row = { ...row({ state: "sent" }), seq: 1 };
    expect(settled(sent, { kind: "aside", code: "x", detail: "" }, 0, at)).toBeNull();
  });
});

describe("the store", () => {
  it("numbers rows without a gap, whoever adds them", async () => {
    const rows = await Promise.all(Array.from({ length: 9 }, () => store.add(row())));
    expect(rows.map((one) => one.seq).sort((one, other) => one - other)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("takes back only what was never under way", async () => {
    const [fresh, fixed] = [await store.add(row()), await store.add(row({ line: "{}" }))];
    expect([await store.discard(fresh.id), await store.discard(fixed.id)]).toEqual([true, false]);
  });

  it("forgets what is settled and old, never what is not", async () => {
    await store.add(row({ state: "sent" }));
    const kept = await store.add(row());
    await store.forget(at + 1);
    expect((await store.shown(0)).map((one) => one.id)).toEqual([kept.id]);
  });
});

describe("versions", () => {
  const version = (seq: number, state: Row["state"], supersedes?: string): Row => ({
    ...row({ state, ...(supersedes === undefined ? {} : { supersedes }) }),
    id: `v${seq}`,
    seq,
  });

  it("names the newest that is not refused", () => {
    const rows = [
      version(1, "sent"),
      version(2, "sent", "v1"),
      version(3, "refused", "v2"),
      version(4, "waiting", "v2"),
    ];
    expect(newestOf(rows[0] as Row, rows).id).toBe("v4");
    expect(newestOf(rows[0] as Row, rows.slice(0, 3)).id).toBe("v2");
    expect(standing(rows).map((one) => one.id)).toEqual(["v4"]);
  });

  it("leaves nothing of what is taken back", () => {
    const taken: Row = { ...version(2, "sent", "v1"), type: "event.retracted" };
    expect(standing([version(1, "sent"), taken])).toEqual([]);
  });
});
