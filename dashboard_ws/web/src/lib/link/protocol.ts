/**
 * The live map of `pantau.v1` as a pure reducer: frames in, map out. Nothing here knows a socket or a clock.
 *
 * A state is never changed in place: whoever holds one keeps a consistent picture. A snapshot of several parts shows
 * only when its last part is here, so no part is ever seen by itself.
 */

/** A row as the gateway sends it: the view's columns, and up to when it holds. */
export interface Row {
  readonly topic: string;
  readonly key: string;
  readonly as_of: string;
  readonly ttl_s: number;
  readonly level?: string;
  readonly area_id?: string;
  readonly window?: string;
  readonly [column: string]: unknown;
}

export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

export interface Snapshot {
  readonly op: "snapshot";
  readonly epoch: string;
  readonly seq: number;
  readonly now: string;
  readonly part: number;
  readonly parts: number;
  readonly rows: readonly Row[];
}

export interface Delta {
  readonly op: "delta";
  readonly from: number;
  readonly seq: number;
  readonly rows: readonly Row[];
  readonly gone: readonly string[];
}

export interface Ping {
  readonly op: "ping";
  readonly now: string;
  readonly epoch: string | null;
  readonly seq: number;
  /** The region's clock up to which the stream has all that was received; it stands still when the stream does. */
  readonly as_of: string | null;
}

export interface Welcome {
  readonly op: "welcome";
  readonly expires: string | null;
  readonly now: string;
  readonly build: string;
}

export interface Refusal {
  readonly op: "error";
  readonly code: number;
  readonly detail: string;
}

export type Frame = Snapshot | Delta | Ping | Welcome | Refusal;

interface Partial {
  readonly epoch: string;
  readonly seq: number;
  readonly next: number;
  readonly rows: ReadonlyMap<string, Row>;
}

export interface Live {
  /** Null until the first whole snapshot. */
  readonly position: Position | null;
  readonly rows: ReadonlyMap<string, Row>;
  /** Parts of a snapshot that is not whole yet. */
  readonly pending: Partial | null;
  /** Pings in a row that named a position this map has not reached. */
  readonly behind: number;
}

export const EMPTY: Live = { position: null, rows: new Map(), pending: null, behind: 0 };

/** Pings that may say "you should be further" before the client asks again: one may have overtaken nothing. */
const PATIENCE = 2;

export interface Step {
  readonly live: Live;
  /** True if something is missing: subscribe again with `since`. */
  readonly resubscribe: boolean;
}

/** Takes one frame. Frames without data (welcome, error) change nothing. */
export function reduce(live: Live, frame: Frame): Step {
  switch (frame.op) {
    case "snapshot":
      return snapshot(live, frame);
    case "delta":
      return delta(live, frame);
    case "ping":
      return ping(live, frame);
    default:
      return { live, resubscribe: false };
  }
}

function snapshot(live: Live, frame: Snapshot): Step {
  const held = live.pending;
  const continues = held !== null && held.epoch === frame.epoch && held.seq === frame.seq && held.next === frame.part;
  if (frame.part !== 1 && !continues) {
    return { live: { ...live, pending: null }, resubscribe: true };
  }
  const rows = new Map(frame.part === 1 || held === null ? [] : held.rows);
  for (const row of frame.rows) rows.set(row.key, row);
  const { epoch, seq } = frame;
  if (frame.part < frame.parts) {
    return { live: { ...live, pending: { epoch, seq, next: frame.part + 1, rows } }, resubscribe: false };
  }
  return { live: { position: { epoch, seq }, rows, pending: null, behind: 0 }, resubscribe: false };
}

function delta(live: Live, frame: Delta): Step {
  const held = live.position;
  // A delta between the parts of a snapshot breaks the protocol; one before any snapshot has nothing to add to.
  if (held === null || live.pending !== null || frame.from > held.seq) {
    return { live: { ...live, pending: null }, resubscribe: true };
  }
  if (frame.seq <= held.seq) return { live, resubscribe: false };
  const rows = new Map(live.rows);
  for (const key of frame.gone) rows.delete(key);
  for (const row of frame.rows) rows.set(row.key, row);
  return {
    live: { position: { epoch: held.epoch, seq: frame.seq }, rows, pending: null, behind: 0 },
    resubscribe: false,
  };
}

function ping(live: Live, frame: Ping): Step {
  const held = live.position;
  if (frame.epoch === null || live.pending !== null) return { live, resubscribe: false };
  if (held !== null && held.epoch === frame.epoch && held.seq >= frame.seq) {
    return { live: live.behind === 0 ? live : { ...live, behind: 0 }, resubscribe: false };
  }
  const behind = live.behind + 1;
  const resubscribe = behind >= PATIENCE;
  return { live: { ...live, behind: resubscribe ? 0 : behind }, resubscribe };
}

/** A frame from text, or null if it is none of this protocol: the connection is then of no use. */
export function parseFrame(text: string): Frame | null {
  let thing: unknown;
  try {
    thing = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof thing !== "object" || thing === null || !("op" in thing)) return null;
  const known = ["snapshot", "delta", "ping", "welcome", "error"];
  return known.includes(String(thing.op)) ? (thing as Frame) : null;
}

/** A column as a number; null if it is missing, hidden or null: never 0 in its place. */
export function num(row: Row | undefined, column: string): number | null {
  const value = row?.[column];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** A column as text; empty if it is missing. */
export function str(row: Row | undefined, column: string): string {
  const value = row?.[column];
  return typeof value === "string" ? value : "";
}
