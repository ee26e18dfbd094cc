/** Ingest as the form asks it: same origin, no redirects followed, every answer also tells the time. */

import type { Source } from "../source/source";
import type { Answer } from "./answer";
import type { Reading } from "./phone-clock";

const TIMEOUT_MS = 60_000;
const LINES = "application/x-ndjson";

export interface Asked extends Answer {
  /** When the answer came, by the phone; and what the server's clock said, if it told. */
  readonly phone: number;
  readonly server: number | null;
}

export interface Enrolled {
  readonly token: string;
  readonly pseudonym_key?: string;
  /** An older server does not say. */
  readonly source?: Source;
}

/** Raises `TypeError` or `AbortError` where no answer comes. */
export async function ask(path: string, token: string | null, init: RequestInit = {}): Promise<Asked> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const headers = new Headers(init.headers);
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    // Relative to the page, as all of it may lie below a path of a proxy.
    const answer = await fetch(path, { ...init, headers, cache: "no-store", redirect: "error", signal: stop.signal });
    const date = Date.parse(answer.headers.get("Date") ?? "");
    return {
      status: answer.status,
      retryAfter: answer.headers.get("Retry-After"),
      body: await answer.text(),
      phone: Date.now(),
      server: Number.isNaN(date) ? null : date,
    };
  } finally {
    clearTimeout(timer);
  }
}

export async function postLines(lines: readonly string[], token: string): Promise<Asked> {
  return ask("v1/events", token, { method: "POST", headers: { "Content-Type": LINES }, body: lines.join("\n") });
}

/** What an answer to `v1/source` says, and the reading of the clock that comes with it; null for anything else. */
export function sourceOf(answer: Asked): { source: Source; reading: Reading } | null {
  if (answer.status !== 200) return null;
  try {
    return withReading(JSON.parse(answer.body) as Source, answer);
  } catch {
    return null;
  }
}

/** `source`, which came with `answer`, and the reading of the clock; null if it tells no time. */
export function withReading(source: Source, answer: Asked): { source: Source; reading: Reading } | null {
  const region = Date.parse(source.now);
  if (Number.isNaN(region)) return null;
  // On the real clock the region's time is the server's, and finer than the header's whole seconds.
  const server = source.clock_factor === 1 ? region : (answer.server ?? answer.phone);
  return { source, reading: { phone: answer.phone, server, region, factor: source.clock_factor } };
}

/** A later reading from the date of any answer. */
export function readAgain(last: Reading, answer: Asked): Reading {
  if (answer.server === null) return last;
  const region = last.factor === 1 ? answer.server : last.region + (answer.server - last.server) * last.factor;
  return { phone: answer.phone, server: answer.server, region, factor: last.factor };
}

/** The list `name` of an answer. Null for what another's network answers, and for an older server's 404. */
export function listIn<T>(answer: Asked, name: string): readonly T[] | null {
  if (answer.status !== 200) return null;
  try {
    const found = (JSON.parse(answer.body) as Readonly<Record<string, readonly T[]>>)[name];
    return Array.isArray(found) ? found : null;
  } catch {
    return null;
  }
}
