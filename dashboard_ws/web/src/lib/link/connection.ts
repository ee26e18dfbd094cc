/** Keeps a socket to the gateway open for weeks: authenticates, subscribes, resumes, comes back after any end. */

import { EMPTY, parseFrame, reduce, type Frame, type Live } from "./protocol";
import type { Credentials } from "./session";
import { CUT_MS } from "../truth";
import { STOPPED } from "../../words/shared";

export const SUBPROTOCOL = "pantau.v1";
const TOPICS = ["performance", "coverage", "reception", "clinic_coverage", "alerts", "freshness"];
/** Not the recipients: 17,000 rows that no panel shows. */
const LEVELS = ["kabupaten", "kecamatan", "unit"];

const FIRST_MS = 1_000;
const MOST_MS = 30_000;
const WATCH_MS = 1_000;

/** Close codes after which coming back is of no use, with what the wall says. */
const STOP: Readonly<Record<number, string>> = {
  4400: STOPPED.notUnderstood,
  4403: STOPPED.notAllowed,
};
const NEW_TOKEN = 4401;
/** After these the server asks for time: a whole house of walls must not return in the same second. */
const WAIT: readonly number[] = [4408, 4429, 4503];
const WAIT_MS = 8_000;

export interface Listener {
  /** The map has changed. */
  live(live: Live): void;
  /** Any frame: the server lives. `now`, `asOf`: its region's clock and how far the stream is, where the frame says it. */
  heard(now: number | null, asOf: number | null): void;
  build(id: string): void;
  /** It stays closed: why. */
  stopped(why: string): void;
}

/** Full jitter: any wait up to a bound that doubles, so that clients cut off together do not return together. */
export function backoff(attempt: number, code: number, random: () => number): number {
  const bound = Math.min(MOST_MS, FIRST_MS * 2 ** attempt);
  return random() * (WAIT.includes(code) ? Math.max(bound, WAIT_MS) : bound);
}

export class Connection {
  readonly #session: Credentials;
  readonly #region: string;
  readonly #to: Listener;
  #live: Live = EMPTY;
  #socket: WebSocket | null = null;
  #attempt = 0;
  #last = performance.now();

  constructor(session: Credentials, region: string, to: Listener) {
    this.#session = session;
    this.#region = region;
    this.#to = to;
  }

  start(): void {
    this.#open();
    // A cable that is pulled says nothing: silence is what ends a dead socket.
    setInterval(() => {
      if (this.#socket !== null && performance.now() - this.#last > CUT_MS) this.#socket.close();
    }, WATCH_MS);
    setInterval(() => void this.#renew(), 3_600_000);
  }

  #open(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws`, SUBPROTOCOL);
    this.#socket = socket;
    this.#last = performance.now();
    let ended = false;
    const end = (code: number): void => {
      if (ended) return;
      ended = true;
      if (this.#socket === socket) this.#socket = null;
      void this.#closed(code);
    };
    socket.onopen = () => this.#auth(socket);
    socket.onmessage = (message) => this.#take(socket, String(message.data));
    socket.onclose = (event) => end(event.code);
    socket.onerror = () => socket.close();
    // `close` of a dead link waits for the other side: do not.
    const close = socket.close.bind(socket);
    socket.close = () => {
      close();
      end(1006);
    };
  }

  #auth(socket: WebSocket): void {
    const client = `wall/${screen.width}x${screen.height}/${__BUILD__}`;
    socket.send(JSON.stringify({ op: "auth", token: this.#session.token ?? "", client }));
  }

  #subscribe(socket: WebSocket): void {
    const { position } = this.#live;
    const since = position === null ? {} : { since: position };
    socket.send(JSON.stringify({ op: "subscribe", region: this.#region, topics: TOPICS, levels: LEVELS, ...since }));
  }

  #take(socket: WebSocket, text: string): void {
    if (socket !== this.#socket) return;
    const frame = parseFrame(text);
    if (frame === null) return;
    this.#last = performance.now();
    const asOf = frame.op === "ping" && frame.as_of ? Date.parse(frame.as_of) : null;
    this.#to.heard("now" in frame ? Date.parse(frame.now) : null, asOf);
    if (frame.op === "welcome") this.#welcome(socket, frame);
    const step = reduce(this.#live, frame);
    const changed = step.live.rows !== this.#live.rows;
    this.#live = step.live;
    if (step.live.position !== null && frame.op !== "welcome") this.#attempt = 0;
    if (changed) this.#to.live(this.#live);
    if (step.resubscribe) this.#subscribe(socket);
  }

  #welcomed: WebSocket | null = null;

  #welcome(socket: WebSocket, frame: Frame & { op: "welcome" }): void {
    this.#to.build(frame.build);
    // A second welcome answers a renewed token; the subscription stands.
    if (this.#welcomed === socket) return;
    this.#welcomed = socket;
    this.#subscribe(socket);
    void this.#renew();
  }

  async #renew(): Promise<void> {
    if (!this.#session.due) return;
    try {
      await this.#session.renew();
    } catch {
      return; // The token still holds for weeks; the next hour tries again.
    }
    if (this.#socket?.readyState === WebSocket.OPEN) this.#auth(this.#socket);
  }

  async #closed(code: number): Promise<void> {
    const why = STOP[code];
    if (why !== undefined) {
      this.#to.stopped(why);
      return;
    }
    if (code === NEW_TOKEN && (await this.#ended())) {
      this.#to.stopped(STOPPED.notEnrolled);
      return;
    }
    const wait = backoff(this.#attempt, code, Math.random);
    this.#attempt += 1;
    setTimeout(() => this.#open(), wait);
  }

  /** True if the server takes our token no more. An unreachable server has not said so. */
  async #ended(): Promise<boolean> {
    try {
      return this.#session.token === null || (await this.#session.renew()) === "ended";
    } catch {
      return false;
    }
  }
}
