/** Sends what waits, oldest first. One tab at a time; a copy that another sent too would do no harm, for ids and bytes are fixed. */

import { outcomeOf, waitSeconds, type Outcome } from "./answer";
import { exchangeHolds } from "./holds";
import { lineOf } from "./line";
import { exchangeRejected } from "../rejected/rejected";
import { exchangeReturned } from "../returned/returned";
import { isHalfOver } from "../source/token";
import { uuid } from "../source/uuid";
import { offsetOf, regionTime, type Reading } from "./phone-clock";
import type { Row } from "./rows";
import { ask, postLines, readAgain, sourceOf, type Asked } from "./server";
import type { Facts, Store } from "./store";

const LOCK = "pantau-field-send";
const MAX_ROWS = 100;
const MAX_CHARS = 128 * 1024;
/** A reading of the clock holds so long before a batch is sent. */
const FRESH_MS = 10 * 60_000;
/** Between two looks whether sending has ended, where the browser has no locks. */
const IDLE_MS = 100;
const MAX_RECEIPTS = 5;
const BEAT_MS = 5 * 60_000;
/** Streams refuse seconds after a 202, people mend within the hour: thousands of phones need not ask each minute. */
const TO_MEND_MS = 5 * 60_000;
/** The server reads what it took within a second or so. */
const HOLD_AGAIN_MS = 3_000;

export type Link = "idle" | "sending" | "away" | "enrol";

export interface Watcher {
  /** Rows or facts have changed. */
  changed(): void | Promise<void>;
  /** How the way to the server is. `detail`: for people. */
  link(state: Link, detail: string): void;
}

export class Flusher {
  readonly #store: Store;
  readonly #watcher: Watcher;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  #again = false;
  #size = MAX_ROWS;
  #beaten = 0;
  #asked = 0;

  constructor(store: Store, watcher: Watcher) {
    this.#store = store;
    this.#watcher = watcher;
  }

  /** Sends all that waits now. `impatient`: a person or a new network asks, so no earlier failure counts. */
  async flush(impatient = false): Promise<void> {
    if (impatient) this.#attempt = this.#asked = 0;
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    clearTimeout(this.#timer);
    try {
      do {
        this.#again = false;
        await this.#locked(() => this.#drain());
      } while (this.#again);
    } finally {
      this.#busy = false;
    }
  }

  /** Runs `work` while nothing is sent, by no tab: what an answer brings must not come after it. */
  async alone(work: () => Promise<void>): Promise<void> {
    const locks = (navigator as { locks?: LockManager }).locks;
    if (locks !== undefined) return locks.request(LOCK, work);
    while (this.#busy) await new Promise((done) => setTimeout(done, IDLE_MS));
    await work();
  }

  async #locked(work: () => Promise<void>): Promise<void> {
    const locks = (navigator as { locks?: LockManager }).locks;
    if (locks === undefined) return work();
    // Another tab sends already, and what this one has added with it.
    await locks.request(LOCK, { ifAvailable: true }, async (lock) => (lock === null ? undefined : work()));
  }

  async #drain(): Promise<void> {
    const token = await this.#store.fact("token");
    if (token === undefined) return this.#watcher.link("enrol", "");
    this.#watcher.link("sending", "");
    try {
      const reading = await this.#reading(token);
      if (reading === null) return;
      await this.#holds(token);
      for (let rows = await this.#batch(reading); rows.length > 0; rows = await this.#batch(reading)) {
        if (!(await this.#send(rows, token))) return;
      }
      await this.#renew(token);
      await this.#beat(token);
      await this.#follow(token);
      await this.#toMend(token);
      this.#attempt = 0;
      this.#watcher.link("idle", "");
    } catch (error) {
      // No answer: cut off, or a network that is not ours.
      if (!(error instanceof TypeError || (error instanceof DOMException && error.name === "AbortError"))) throw error;
      this.#later(null);
    }
  }

  /** Before all reports: food may be on the tables. */
  async #holds(token: string): Promise<void> {
    const source = (await this.#store.fact("source"))?.source;
    if (source === undefined) return;
    const isBehind = await exchangeHolds(this.#store, source, token);
    await this.#watcher.changed();
    if (isBehind) this.#timer = setTimeout(() => void this.flush(), HOLD_AGAIN_MS);
  }

  /** How the clocks stand now, with what the registry says; null if the server does not say. */
  async #reading(token: string): Promise<Reading | null> {
    const last = await this.#store.fact("reading");
    const age = last === undefined ? Infinity : Math.abs(Date.now() - last.phone);
    if (last !== undefined && age < FRESH_MS && this.#attempt === 0) return last;
    const answer = await ask("v1/source", token);
    const found = sourceOf(answer);
    if (found !== null) {
      await this.#store.remember(found);
      await this.#watcher.changed();
      return found.reading;
    }
    const outcome = outcomeOf(answer);
    if (outcome.kind === "enrol") this.#watcher.link("enrol", outcome.detail);
    else this.#later(outcome.kind === "later" ? outcome.seconds : null);
    return null;
  }

  /** The oldest rows that wait, their bytes made and kept before any of them is sent. */
  async #batch(reading: Reading): Promise<Row[]> {
    const source = (await this.#store.fact("source"))?.source;
    const phone = (await this.#store.fact("phone")) ?? "";
    // What was entered for another kitchen or school waits for its own token.
    const waiting = (await this.#store.inState("waiting")).filter((row) => row.source === source);
    const ids = waiting.slice(0, this.#size).map((row) => row.id);
    const made = await fixed(this.#store, ids, phone, reading);
    const rows: Row[] = [];
    let chars = 0;
    for (const row of made.filter((one) => one.state === "waiting")) {
      chars += row.line?.length ?? 0;
      if (rows.length > 0 && chars > MAX_CHARS) break;
      rows.push(row);
    }
    // The mirror has the bytes too before they leave.
    await this.#watcher.changed();
    return rows;
  }

  /** True if more may be sent at once. */
  async #send(rows: readonly Row[], token: string): Promise<boolean> {
    const answer = await postLines(
      rows.map((row) => row.line ?? ""),
      token,
    );
    await this.#heard(answer);
    const outcome = outcomeOf(answer);
    if (outcome.kind === "halve" && rows.length > 1) {
      this.#size = Math.ceil(rows.length / 2);
      return true;
    }
    if (outcome.kind === "enrol") {
      this.#watcher.link("enrol", outcome.detail);
      return false;
    }
    if (outcome.kind === "later") {
      this.#later(outcome.seconds);
      return false;
    }
    this.#size = MAX_ROWS;
    this.#attempt = 0;
    const place = new Map(rows.map((row, index) => [row.id, index]));
    await this.#store.change([...place.keys()], (row) => settled(row, outcome, place.get(row.id) ?? 0, Date.now()));
    await this.#watcher.changed();
    return true;
  }

  async #heard(answer: Asked): Promise<void> {
    const last = await this.#store.fact("reading");
    if (last !== undefined) await this.#store.remember({ reading: readAgain(last, answer) } satisfies Partial<Facts>);
  }

  /** Another token, if the server gives one; if not, the old one serves until its end. */
  async #renew(token: string): Promise<void> {
    const reading = await this.#store.fact("reading");
    if (reading === undefined || !isHalfOver(token, Date.now() + offsetOf(reading))) return;
    const answer = await ask("v1/token", token, { method: "POST" });
    if (answer.status !== 200) return;
    const { token: next } = JSON.parse(answer.body) as { token?: string };
    if (next !== undefined) await this.#store.remember({ token: next });
  }

  /** Tells that a kitchen or clinic is there although it has nothing to say. Not kept: one that is late says nothing. */
  async #beat(token: string): Promise<void> {
    const [source, reading] = [await this.#store.fact("source"), await this.#store.fact("reading")];
    if (
      source === undefined ||
      source.kind === "recipient" ||
      reading === undefined ||
      Date.now() - this.#beaten < BEAT_MS
    )
      return;
    this.#beaten = Date.now();
    const time = new Date(regionTime(Date.now(), offsetOf(reading), reading)).toISOString();
    const data = { outbox: (await this.#store.inState("waiting")).length, version: __BUILD__ };
    const event = {
      specversion: "1.0",
      id: uuid(Date.now()),
      source: source.source,
      type: "unit.heartbeat",
      time,
      data,
    };
    await postLines([JSON.stringify(event)], token);
  }

  /** Asks how far the newest receipts have come. */
  async #follow(token: string): Promise<void> {
    const open = (await this.#store.inState("sent")).filter((row) => row.receipt !== undefined && !row.stored);
    const receipts = [...new Set(open.map((row) => row.receipt ?? ""))].slice(-MAX_RECEIPTS);
    for (const receipt of receipts) {
      const answer = await ask(`v1/receipts/${receipt}`, token);
      const gone = answer.status === 404;
      if (!gone && !(answer.status === 200 && isStored(answer.body))) continue;
      const ids = open.filter((row) => row.receipt === receipt).map((row) => row.id);
      await this.#store.change(ids, ({ receipt: _, ...row }) => (gone ? row : { ...row, receipt, stored: true }));
      await this.#watcher.changed();
    }
  }

  async #toMend(token: string): Promise<void> {
    if (Date.now() - this.#asked < TO_MEND_MS) return;
    this.#asked = Date.now();
    await exchangeRejected(this.#store, token);
    await exchangeReturned(this.#store, token);
    await this.#watcher.changed();
  }

  #later(seconds: number | null): void {
    const wait = waitSeconds(this.#attempt++, seconds, Math.random());
    this.#watcher.link("away", "");
    this.#timer = setTimeout(() => void this.flush(), wait * 1000);
  }
}

/** Makes the bytes of rows that have none yet: from then on each copy of them is equal. */
export async function fixed(store: Store, ids: readonly string[], phone: string, reading: Reading): Promise<Row[]> {
  return store.change(ids, (row) => (row.line === null ? { ...row, ...lineOf(row, phone, reading) } : null));
}

function isStored(body: string): boolean {
  try {
    return (JSON.parse(body) as { clickhouse?: boolean }).clickhouse === true;
  } catch {
    return false;
  }
}

/** What a judgement makes of the row at `index` of the batch. */
export function settled(row: Row, outcome: Outcome, index: number, now: number): Row | null {
  // Another tab has settled it.
  if (row.state !== "waiting") return null;
  switch (outcome.kind) {
    case "judged": {
      const refused = outcome.refused.get(index);
      if (refused !== undefined) return { ...row, ...refused, state: "refused", settled: now };
      return { ...row, state: "sent", settled: now, ...(outcome.receipt === null ? {} : { receipt: outcome.receipt }) };
    }
    case "halve":
      return { ...row, state: "aside", code: "http_413", detail: outcome.detail, settled: now };
    case "aside":
      return { ...row, state: "aside", code: outcome.code, detail: outcome.detail, settled: now };
    default:
      return null;
  }
}
