/** What the screens show and do: rows, source and clock of this phone. */

import { reasonOf } from "./closing/closing";
import { ask, sourceOf, withReading, type Enrolled } from "./outbox/server";
import type { FoodHold, HoldAnswer } from "./outbox/holds";
import { mended, type RejectedEvent } from "./rejected/rejected";
import { reportToMend, unanswered, type ReturnedReport } from "./returned/returned";
import { fixed, Flusher, type Link } from "./outbox/flusher";
import { forgetMirror, readMirror, writeMirror } from "./outbox/mirror";
import { isTrusted, type Reading } from "./outbox/phone-clock";
import { isUnsettled, newestOf, RETRACTED, standing, type Row, type Values } from "./outbox/rows";
import { Store } from "./outbox/store";
import { keepOffline, keepStorage } from "./offline";
import { forgetDrafts } from "./screens/draft";
import { PinLock } from "./sharing/pin-lock.svelte";
import { recentCodes, shiftAt, type Shift } from "./sharing/staff";
import { importKey, pseudonym } from "./source/pseudonym";
import type { Source } from "./source/source";
import { Times } from "./source/times";
import { claimsOf } from "./source/token";
import { uuid } from "./source/uuid";
import type { Scene, Task } from "./tasks/task";
import { WORDS } from "../words/field";

const FLUSH_MS = 60_000;
const TICK_MS = 5_000;
const DAY_MS = 86_400_000;
const SHOWN_MS = 2 * DAY_MS;
const KEPT_MS = 35 * DAY_MS;
const CODE = "#daftar=";

/** ended: of a school link. full: it has had its phones of a day. */
export type Enrolment = "no" | "busy" | "bad" | "away" | "ended" | "full";

export class Phone {
  ready = $state(false);
  broken = $state(false);
  rows = $state.raw<readonly Row[]>([]);
  source = $state.raw<Source | null>(null);
  reading = $state.raw<Reading | null>(null);
  link = $state<Link>("idle");
  enrolment = $state<Enrolment>("no");
  hasKey = $state(false);
  restored = $state(0);
  holds = $state.raw<readonly FoodHold[]>([]);
  answers = $state.raw<Readonly<Record<string, HoldAnswer>>>({});
  /** Refused reports of this source that no row of this phone stands for. */
  rejected = $state.raw<readonly RejectedEvent[]>([]);
  /** Reports that the desk has returned and nobody has answered. */
  returned = $state.raw<readonly ReturnedReport[]>([]);
  persisted = $state(true);
  now = $state(Date.now());
  loadNews = $state.raw<(() => void) | null>(null);
  readonly lock = new PinLock();
  /** Browsers hash a PIN on a page of https alone. */
  readonly canPin = (crypto as { subtle?: SubtleCrypto }).subtle !== undefined;
  /** Codes of staff that were used on this phone. */
  staff = $state.raw<readonly string[]>([]);
  /** End of the token, epoch ms of the server, if it came by a school link. */
  linkEnds = $state<number | null>(null);

  #shift = $state.raw<Shift | null>(null);

  readonly times = $derived(new Times(this.source?.timezone ?? "Asia/Jakarta", this.reading, this.now));
  readonly standing = $derived(standing(this.rows));
  readonly waiting = $derived(this.rows.filter((row) => row.state === "waiting"));
  readonly foreign = $derived(this.waiting.filter((row) => row.source !== this.source?.source).length);
  readonly toMend = $derived(this.rows.filter((row) => row.state === "refused" || row.state === "aside"));
  /** Not on the server, whatever it waits for. */
  readonly unsent = $derived([...this.waiting, ...this.toMend]);
  readonly unsentAnswers = $derived(
    Object.values(this.answers).filter((one) => one.source === this.source?.source).length,
  );
  readonly shift = $derived(shiftAt(this.#shift, this.now));
  readonly overdue = $derived(this.waiting.some((row) => this.now - row.recorded > DAY_MS));
  /** A code or link was not taken. */
  readonly isRefused = $derived(this.enrolment !== "no" && this.enrolment !== "busy");
  readonly clockIsWrong = $derived(this.reading !== null && !isTrusted(this.reading));
  readonly scene = $derived.by((): Scene | null => {
    if (this.source === null) return null;
    const day = this.times.day(this.now);
    const before = this.times.day(this.times.phone(this.times.region(this.now) - DAY_MS));
    const of = (wanted: string): Row[] => this.standing.filter((row) => this.times.day(row.time) === wanted);
    return { source: this.source, today: of(day), yesterday: of(before), now: this.now, day };
  });

  #store: Store | null = null;
  #flusher: Flusher | null = null;
  readonly #tabs = new BroadcastChannel("pantau-field");

  async start(): Promise<void> {
    try {
      this.#store = await Store.open(() => this.#startAnew());
      await this.#recover(this.#store);
    } catch {
      this.broken = true;
      return;
    }
    this.#flusher = new Flusher(this.#store, {
      changed: () => this.#changed(),
      link: (state) => {
        this.link = state;
      },
    });
    await this.#refresh();
    await this.lock.refresh(this.#store, true);
    this.ready = true;
    this.#listen();
    await this.#takeCode();
    void this.flush(true);
    void this.#store.forget(Date.now() - KEPT_MS);
    void keepStorage().then((kept) => (this.persisted = kept));
    void keepOffline((load) => (this.loadNews = load));
  }

  /** The database is gone. What was unsent comes back from its copy; work under way has nothing to stand on. */
  #startAnew(): void {
    addEventListener("unhandledrejection", (event) => event.preventDefault());
    location.reload();
  }

  /** After a wiped database: what was unsent, from its copy. */
  async #recover(store: Store): Promise<void> {
    if ((await store.fact("phone")) !== undefined) return;
    const copy = readMirror();
    const now = Date.now();
    if (copy === null) return store.begin({ phone: uuid(now), seq: 0 }, []);
    const { phone, seq, token, source, pin, rows } = copy;
    const known = {
      ...(token === null ? {} : { token }),
      ...(source === null ? {} : { source }),
      // A copy of an older form has none.
      ...(pin ? { pin } : {}),
    };
    await store.begin({ phone, seq, restored: { count: rows.length, at: now }, ...known }, rows);
  }

  #listen(): void {
    this.#tabs.addEventListener("message", ({ data }) =>
      data === "erased" ? location.reload() : void this.#refresh(),
    );
    addEventListener("online", () => void this.flush(true));
    addEventListener("hashchange", () => void this.#takeCode());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") return this.lock.hide(Date.now());
      this.lock.show(Date.now());
      void this.flush(true);
    });
    setInterval(() => void this.flush(), FLUSH_MS);
    setInterval(() => {
      this.now = Date.now();
    }, TICK_MS);
  }

  async flush(impatient = false): Promise<void> {
    await this.#flusher?.flush(impatient);
  }

  async #changed(): Promise<void> {
    await this.#refresh();
    this.#tabs.postMessage("changed");
  }

  async #refresh(): Promise<void> {
    const store = this.#open();
    this.now = Date.now();
    this.rows = await store.shown(this.now - SHOWN_MS);
    await this.lock.refresh(store);
    // The last thing that is awaited: of two that run at once the later one is shown.
    const facts = await store.facts();
    this.source = facts.source ?? null;
    this.reading = facts.reading ?? null;
    this.hasKey = facts.key !== undefined;
    this.holds = facts.holds ?? [];
    this.answers = facts.answers ?? {};
    const seen = new Set(facts.seen);
    this.rejected = (facts.rejected ?? []).filter((one) => !seen.has(one.letter));
    this.returned = unanswered(facts.returned ?? [], this.rows, (ms) => this.times.region(ms));
    this.#shift = facts.shift ?? null;
    this.staff = facts.staff ?? [];
    this.restored = facts.restored && this.now - facts.restored.at < DAY_MS ? facts.restored.count : 0;
    const { until, exp } = claimsOf(facts.token ?? "");
    this.linkEnds = until === undefined || exp === undefined ? null : exp * 1000;
    writeMirror({
      phone: facts.phone ?? "",
      seq: facts.seq ?? 0,
      token: facts.token ?? null,
      source: this.source,
      pin: this.lock.pin,
      rows: this.rows.filter(isUnsettled),
    });
  }

  #open(): Store {
    if (this.#store === null) throw new Error("the store is not open yet");
    return this.#store;
  }

  async #takeCode(): Promise<void> {
    if (!location.hash.startsWith(CODE)) return;
    const code = location.hash.slice(CODE.length);
    history.replaceState(null, "", location.pathname);
    await this.enrol(code);
  }

  /** Trades a code, a school link, or an address that holds one, for a token. */
  async enrol(text: string): Promise<void> {
    const store = this.#open();
    const code = text.trim().split(CODE).at(-1) ?? "";
    const isLink = claimsOf(code).kind === "link";
    this.enrolment = "busy";
    try {
      if (isLink && !(await this.#isLinkWanted(code))) {
        this.enrolment = "no";
        return;
      }
      const body = JSON.stringify({ code, phone: await store.fact("phone") });
      const answer = await ask("v1/enrol", null, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body,
      });
      if (answer.status !== 200) {
        const isRefused = answer.status === 401 || answer.status === 400;
        this.enrolment = answer.status === 403 ? "full" : !isRefused ? "away" : isLink ? "ended" : "bad";
        return;
      }
      const { token, pseudonym_key, source } = JSON.parse(answer.body) as Enrolled;
      // Kept before anything else is asked: the code works no more.
      await store.remember({ token, ...(pseudonym_key === undefined ? {} : { key: await importKey(pseudonym_key) }) });
      // Who has forgotten the PIN gets a code for this phone; a link hangs on the wall for everybody.
      if (!isLink && claimsOf(code).sub === this.source?.id) await this.lock.remove(store);
      const found = source ? withReading(source, answer) : sourceOf(await ask("v1/source", token));
      if (found !== null) await store.remember(found);
      this.enrolment = "no";
      this.link = "idle";
    } catch {
      this.enrolment = "away";
    }
    await this.#changed();
    void this.flush(true);
  }

  /** A person has seen why a code was not taken. */
  dismiss(): void {
    if (this.isRefused) this.enrolment = "no";
  }

  /** A token of the phone's own lives longer than one by a link, and may be for another place: a scan alone takes it from nobody. */
  async #isLinkWanted(code: string): Promise<boolean> {
    const token = (await this.#open().fact("token")) ?? "";
    const { sub, until } = claimsOf(token);
    if (this.source === null || sub === undefined || until !== undefined) return true;
    if ((await ask("v1/source", token)).status === 401) return true;
    return sub !== claimsOf(code).sub && confirm(WORDS.linkReplaces(this.source.name));
  }

  // --- reports ------------------------------------------------------------------------------------

  /** Keeps what a task says. `old`: the row that it corrects or mends. */
  async save(task: Task, scene: Scene, values: Values, time: number | null, old: Row | null): Promise<void> {
    const now = Date.now();
    const statement = task.statement(scene, values, time ?? now);
    await this.#add({ ...statement, ...reasonOf(values, old), type: task.type, task: task.id, values }, now, old);
  }

  async withdraw(old: Row, reason: string): Promise<void> {
    const store = this.#open();
    const now = Date.now();
    if (await store.discard(old.id)) await this.#changed();
    else
      await this.#add(
        { type: RETRACTED, data: { reason }, time: now, times: {}, task: "withdraw", values: { reason } },
        now,
        old,
      );
  }

  async #add(
    made: Pick<Row, "type" | "data" | "time" | "times" | "task" | "values" | "subject" | "reason">,
    now: number,
    old: Row | null,
  ): Promise<void> {
    const store = this.#open();
    const judged = old !== null && (old.state === "refused" || old.state === "aside");
    // What was never sent is written anew; what was, is named by the correction.
    const free = old !== null && !judged && (await store.discard(old.id));
    const supersedes =
      old === null ? undefined : judged ? mended(old) : free ? old.supersedes : newestOf(old, this.rows).id;
    const shift = shiftAt(this.#shift, now);
    const row = {
      ...made,
      id: uuid(now),
      source: this.source?.source ?? "",
      recorded: now,
      reading: this.reading,
      ...(shift === null ? {} : { staff: shift.code }),
      state: "waiting" as const,
      line: null,
      shift: 0,
      ...(supersedes === undefined ? {} : { supersedes }),
    };
    await store.add(row, judged ? old.id : null);
    await this.#changed();
    void this.flush(true);
  }

  /** What is corrected of a returned report. */
  async returnedRow(one: ReturnedReport, task: Task, scene: Scene): Promise<Row> {
    return reportToMend(one, task, scene, await this.#open().row(one.id), this.rows);
  }

  /** This school has stopped. `eaten`: some of it had been eaten. */
  async confirmHold(hold: FoodHold, eaten: boolean): Promise<void> {
    await this.#open().answerHold(hold.id, { eaten, source: this.source?.source ?? "" });
    await this.#changed();
    void this.flush(true);
  }

  /** A person has seen to a row that will not be sent. */
  async drop(row: Row): Promise<void> {
    await this.#open().change([row.id], (one) => ({ ...one, state: "dropped" }));
    await this.#changed();
  }

  /** A person has seen to what another phone or program sent. */
  async setSeen(letter: string): Promise<void> {
    await this.#open().addSeen(letter);
    await this.#changed();
  }

  async tryAgain(row: Row): Promise<void> {
    await this.#open().change([row.id], (one) => (one.state === "aside" ? { ...one, state: "waiting" } : null));
    await this.#changed();
    void this.flush(true);
  }

  async setPin(digits: string): Promise<void> {
    await this.lock.set(this.#open(), digits);
    await this.#changed();
  }

  async removePin(): Promise<void> {
    await this.lock.remove(this.#open());
    await this.#changed();
  }

  async unlock(digits: string): Promise<void> {
    await this.lock.unlock(this.#open(), digits, Date.now());
    await this.#changed();
  }

  async beginShift(code: string): Promise<void> {
    await this.#open().remember({ shift: { code, since: Date.now() }, staff: recentCodes(this.staff, code) });
    await this.#changed();
  }

  async endShift(): Promise<void> {
    await this.#open().forgetFacts(["shift"]);
    await this.#changed();
  }

  /** Takes everything off this phone. False, and nothing is done, if something is unsent and not among `saved`. */
  async handOver(saved: ReadonlySet<string>): Promise<boolean> {
    const store = this.#open();
    let isErased = false;
    await this.#flusher?.alone(async () => {
      await this.#refresh();
      if (this.unsentAnswers > 0 || this.unsent.some((row) => !saved.has(row.id))) return;
      // The copies first: a page that is killed between must not bring the database back from them.
      forgetDrafts();
      forgetMirror();
      await store.erase({ phone: uuid(Date.now()), seq: 0 });
      isErased = true;
    });
    if (isErased) {
      this.#tabs.postMessage("erased");
      location.reload();
    }
    return isErased;
  }

  async pseudonymOf(person: string): Promise<string> {
    const key = await this.#open().fact("key");
    if (key === undefined) throw new Error("this phone has no key for pseudonyms");
    return pseudonym(key, person);
  }

  /** All that is unsent as lines that `pantau device send` and `POST /v1/events` take: the same bytes as the form would send. */
  async exported(): Promise<File> {
    const store = this.#open();
    const ids = (await store.unsettled()).map((row) => row.id);
    const now = Date.now();
    const reading = this.reading ?? { phone: now, server: now, region: now, factor: 1 };
    const rows = await fixed(store, ids, (await store.fact("phone")) ?? "", reading);
    await this.#changed();
    const name = `${this.source?.id.replace(/[^\w-]/g, "-") ?? "pantau"}-${this.times.day(now)}.jsonl`;
    return new File([rows.map((row) => `${row.line}\n`).join("")], name, { type: "application/x-ndjson" });
  }
}
