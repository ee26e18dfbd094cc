/** The rows and the few facts that outlive the page, in IndexedDB. Each call is a transaction, on disk when it returns. */

import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { FoodHold, HoldAnswer } from "./holds";
import type { RejectedEvent } from "../rejected/rejected";
import type { ReturnedReport } from "../returned/returned";
import type { Pin } from "../sharing/pin";
import type { Shift } from "../sharing/staff";
import type { Source } from "../source/source";
import type { Reading } from "./phone-clock";
import { isUnsettled, type Row, type State } from "./rows";

const NAME = "pantau-field";
const STRICT = { durability: "strict" } as const;

export interface Facts {
  /** Random id of this installation of the form. */
  phone: string;
  seq: number;
  token: string;
  source: Source;
  reading: Reading;
  /** Signs NIKs; cannot be read. */
  key: CryptoKey;
  /** How many rows came back from their copy, and when. */
  restored: { readonly count: number; readonly at: number };
  /** As the server last gave them. */
  holds: readonly FoodHold[];
  /** By hold: what the server does not have yet. */
  answers: Readonly<Record<string, HoldAnswer>>;
  /** As the server last gave them, without those that this phone has a row of. */
  rejected: readonly RejectedEvent[];
  /** Letters that a person has seen to. */
  seen: readonly string[];
  /** As the server last gave them. */
  returned: readonly ReturnedReport[];
  pin: Pin;
  shift: Shift;
  /** Codes of staff that were used on this phone, the last first. */
  staff: readonly string[];
}

interface Schema extends DBSchema {
  rows: { key: string; value: Row; indexes: { state: State; recorded: number } };
  facts: { key: keyof Facts; value: Facts[keyof Facts] };
}

export class Store {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  /** `lost`: the browser or another page has taken the open database away. Opens it; one that cannot be opened (a full or damaged phone) is made anew: the mirror knows what was unsent. */
  static async open(lost: () => void = () => undefined): Promise<Store> {
    try {
      return await Store.#opened(lost);
    } catch {
      await deleteDB(NAME);
      return Store.#opened(lost);
    }
  }

  static async #opened(lost: () => void): Promise<Store> {
    const db = await openDB<Schema>(NAME, 1, {
      upgrade(made) {
        const rows = made.createObjectStore("rows", { keyPath: "id" });
        rows.createIndex("state", "state");
        rows.createIndex("recorded", "recorded");
        made.createObjectStore("facts");
      },
      blocking: (_old, _new, event) => {
        (event.target as IDBDatabase).close();
        lost();
      },
      terminated: lost,
    });
    return new Store(db);
  }

  close(): void {
    this.#db.close();
  }

  async fact<Name extends keyof Facts>(name: Name): Promise<Facts[Name] | undefined> {
    return (await this.#db.get("facts", name)) as Facts[Name] | undefined;
  }

  /** All that are known, read in one step: one by one they cost a slow phone a tenth of a second. */
  async facts(): Promise<Partial<Facts>> {
    const { store } = this.#db.transaction("facts");
    const [names, values] = await Promise.all([store.getAllKeys(), store.getAll()]);
    return Object.fromEntries(names.map((name, at) => [name, values[at]]));
  }

  async remember(facts: Partial<Facts>): Promise<void> {
    const tx = this.#db.transaction("facts", "readwrite", STRICT);
    for (const [name, value] of Object.entries(facts)) void tx.store.put(value, name as keyof Facts);
    await tx.done;
  }

  async forgetFacts(names: readonly (keyof Facts)[]): Promise<void> {
    const tx = this.#db.transaction("facts", "readwrite", STRICT);
    for (const name of names) void tx.store.delete(name);
    await tx.done;
  }

  /** Everything is forgotten, in one step; the phone begins anew with `facts`. */
  async erase(facts: Partial<Facts>): Promise<void> {
    const tx = this.#db.transaction(["rows", "facts"], "readwrite", STRICT);
    void tx.objectStore("rows").clear();
    void tx.objectStore("facts").clear();
    for (const [name, value] of Object.entries(facts)) void tx.objectStore("facts").put(value, name as keyof Facts);
    await tx.done;
  }

  /** Keeps the answer to a hold, or forgets it (null), whatever other tabs do. */
  async answerHold(id: string, answer: HoldAnswer | null): Promise<void> {
    const tx = this.#db.transaction("facts", "readwrite", STRICT);
    const { [id]: _, ...others } = ((await tx.store.get("answers")) ?? {}) as Facts["answers"];
    void tx.store.put(answer === null ? others : { ...others, [id]: answer }, "answers");
    await tx.done;
  }

  /** A person has seen to a letter, whatever another touch does at the same moment. */
  async addSeen(letter: string): Promise<void> {
    const tx = this.#db.transaction("facts", "readwrite", STRICT);
    const seen = ((await tx.store.get("seen")) ?? []) as Facts["seen"];
    void tx.store.put([...new Set([...seen, letter])], "seen");
    await tx.done;
  }

  /** The letters that the server shows now: `rejected` are those shown here, what was seen to of `letters` stays so. */
  async setRejected(rejected: Facts["rejected"], letters: ReadonlySet<string>): Promise<void> {
    const tx = this.#db.transaction("facts", "readwrite", STRICT);
    const seen = ((await tx.store.get("seen")) ?? []) as Facts["seen"];
    void tx.store.put(rejected, "rejected");
    void tx.store.put(
      seen.filter((letter) => letters.has(letter)),
      "seen",
    );
    await tx.done;
  }

  /** A new row; its number is the next of this phone, whichever tab asks. `settled` names a row that it takes the place of. */
  async add(row: Omit<Row, "seq">, replaced: string | null = null): Promise<Row> {
    const tx = this.#db.transaction(["rows", "facts"], "readwrite", STRICT);
    const seq = (((await tx.objectStore("facts").get("seq")) as number | undefined) ?? 0) + 1;
    const made: Row = { ...row, seq };
    void tx.objectStore("facts").put(seq, "seq");
    void tx.objectStore("rows").put(made);
    const old = replaced === null ? undefined : await tx.objectStore("rows").get(replaced);
    if (old !== undefined) void tx.objectStore("rows").put({ ...old, state: "dropped" });
    await tx.done;
    return made;
  }

  /** Changes rows in one step: `change` gets each as it is now, and gives what it becomes, or null to leave it. */
  async change(ids: readonly string[], change: (row: Row) => Row | null): Promise<Row[]> {
    const tx = this.#db.transaction("rows", "readwrite", STRICT);
    const rows: Row[] = [];
    for (const id of ids) {
      const row = await tx.store.get(id);
      const changed = row === undefined ? null : change(row);
      if (changed !== null) void tx.store.put(changed);
      if (row !== undefined) rows.push(changed ?? row);
    }
    await tx.done;
    return rows;
  }

  /** Takes a row out that was never sent. False if it is under way already. */
  async discard(id: string): Promise<boolean> {
    const tx = this.#db.transaction("rows", "readwrite", STRICT);
    const row = await tx.store.get(id);
    const free = row !== undefined && row.state === "waiting" && row.line === null;
    if (free) void tx.store.delete(id);
    await tx.done;
    return free;
  }

  async row(id: string): Promise<Row | undefined> {
    return this.#db.get("rows", id);
  }

  async inState(state: State): Promise<Row[]> {
    return bySeq(await this.#db.getAllFromIndex("rows", "state", state));
  }

  /** Rows recorded or sent since, and all that are not settled: a phone that slept shows that its old reports have arrived. */
  async shown(since: number): Promise<Row[]> {
    const recent = await this.#db.getAllFromIndex("rows", "recorded", IDBKeyRange.lowerBound(since));
    const sent = (await this.inState("sent")).filter((row) => (row.settled ?? 0) >= since);
    const older = [...sent, ...(await this.unsettled())].filter((row) => row.recorded < since);
    return bySeq([...recent, ...older]);
  }

  async unsettled(): Promise<Row[]> {
    const states = await Promise.all((["waiting", "refused", "aside"] as const).map((one) => this.inState(one)));
    return bySeq(states.flat());
  }

  /** Facts and rows of a phone that knows nothing yet, in one step: another tab may begin at the same time. */
  async begin(facts: Partial<Facts>, rows: readonly Row[]): Promise<void> {
    const tx = this.#db.transaction(["rows", "facts"], "readwrite", STRICT);
    const known = await tx.objectStore("facts").get("phone");
    if (known === undefined) {
      for (const row of rows) void tx.objectStore("rows").put(row);
      for (const [name, value] of Object.entries(facts)) void tx.objectStore("facts").put(value, name as keyof Facts);
    }
    await tx.done;
  }

  /** Forgets what was settled long ago. */
  async forget(before: number): Promise<void> {
    const tx = this.#db.transaction("rows", "readwrite");
    let cursor = await tx.store.index("recorded").openCursor(IDBKeyRange.upperBound(before));
    for (; cursor !== null; cursor = await cursor.continue()) {
      if (!isUnsettled(cursor.value)) void cursor.delete();
    }
    await tx.done;
  }
}

function bySeq(rows: Row[]): Row[] {
  return rows.sort((one, other) => one.seq - other.seq);
}
