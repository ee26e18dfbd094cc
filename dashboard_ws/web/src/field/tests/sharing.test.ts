/** A phone that several people share: its PIN, who is on shift, and what is left when it is handed on. */

import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lineOf } from "../outbox/line";
import { Flusher } from "../outbox/flusher";
import type { Row } from "../outbox/rows";
import { Store } from "../outbox/store";
import { isPin, newPin, tried, waitOf } from "../sharing/pin";
import { recentCodes, shiftAt, staffCode } from "../sharing/staff";

const HOUR_MS = 3_600_000;
const at = 1_700_000_000_000;

const row: Row = {
  id: "1", seq: 1, source: "/32.11/recipient/npsn:1", type: "recipient.meal.eaten", data: {}, time: at, times: {},
  recorded: at, reading: null, task: "eaten", values: {}, state: "waiting", line: null, shift: 0,
}; // prettier-ignore

describe("a PIN", () => {
  it.each([
    ["1234", true],
    ["12345678", true],
    ["123", false],
    ["123456789", false],
    ["12a4", false],
    ["١٢٣٤", false],
    ["", false],
  ])("%j: %s", (text, good) => expect(isPin(text)).toBe(good));

  it("is stored as a hash under a salt of its own, and only itself opens", async () => {
    const [pin, other] = [await newPin("2468"), await newPin("2468")];
    expect(JSON.stringify(pin)).not.toContain("2468");
    expect(pin.hash).not.toBe(other.hash);
    expect((await tried(pin, "2468", at)).wrong).toBe(0);
    expect((await tried(pin, "2469", at)).wrong).toBe(1);
  });

  it("makes who guesses wait longer and longer, and forgets it after the right one", async () => {
    let pin = await newPin("2468");
    const waits: number[] = [];
    for (let count = 0; count < 7; count++) {
      pin = await tried(pin, "0000", at);
      waits.push(waitOf(pin, at) / 1000);
    }
    expect(waits).toEqual([0, 0, 0, 0, 30, 60, 120]);
    expect(waitOf(pin, at - 1000 * HOUR_MS)).toBe(HOUR_MS);
    pin = await tried(pin, "2468", at);
    expect([pin.wrong, waitOf(pin, at)]).toEqual([0, 0]);
  });
});

describe("a shift", () => {
  it.each([
    ["a7", "A7"],
    [" KT12 ", "KT12"],
    ["SitiAminah", null],
    ["Siti A", null],
    ["é1", null],
    ["", null],
  ])("code %j is %j", (text, code) => expect(staffCode(text)).toBe(code));

  it("ends by itself after half a day, whatever the clock does", () => {
    const shift = { code: "A7", since: at };
    expect(shiftAt(shift, at + 11 * HOUR_MS)).toBe(shift);
    for (const now of [at + 12 * HOUR_MS, at - 12 * HOUR_MS]) expect(shiftAt(shift, now)).toBeNull();
  });

  it("is offered again by its code, the last four", () => {
    expect(recentCodes(["A", "B", "C", "D"], "C")).toEqual(["C", "A", "B", "D"]);
    expect(recentCodes(["A", "B", "C", "D"], "E")).toEqual(["E", "A", "B", "C"]);
  });

  it("stands in the event as an attribute, and where nobody was named there is none", () => {
    const reading = { phone: at, server: at, region: at, factor: 1 };
    const sent = (one: Row): unknown => JSON.parse(lineOf(one, "p", reading).line);
    expect(sent({ ...row, staff: "A7" })).toMatchObject({ staffcode: "A7", deviceid: "p" });
    expect(sent(row)).not.toHaveProperty("staffcode");
  });
});

describe("handing on", () => {
  let store: Store;
  beforeEach(async () => (store = await Store.open()));
  afterEach(() => {
    store.close();
    vi.unstubAllGlobals();
    indexedDB.deleteDatabase("pantau-field");
  });

  it("leaves nothing but a new name and a new counter", async () => {
    await store.remember({
      token: "t",
      phone: "old",
      seq: 3,
      pin: await newPin("2468"),
      shift: { code: "A7", since: at },
    });
    await store.add(row);
    await store.erase({ phone: "new", seq: 0 });
    for (const name of ["token", "pin", "shift", "source", "key", "staff"] as const) {
      expect(await store.fact(name)).toBeUndefined();
    }
    expect([await store.fact("phone"), await store.shown(0)]).toEqual(["new", []]);
    expect((await store.add(row)).seq).toBe(1);
  });

  it("waits until nothing is sent", async () => {
    const order: string[] = [];
    vi.stubGlobal("fetch", async () => {
      await new Promise((done) => setTimeout(done, 50));
      order.push("answered");
      throw new TypeError("cut");
    });
    await store.remember({ token: "t" });
    const flusher = new Flusher(store, { changed: () => undefined, link: () => undefined });
    const sending = flusher.flush();
    await flusher.alone(async () => void order.push("erased"));
    await sending;
    expect(order).toEqual(["answered", "erased"]);
  });
});
