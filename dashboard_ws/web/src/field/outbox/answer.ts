/** What an answer of `POST /v1/events` means for the rows that were sent. */

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
}

export interface RefusedItem {
  readonly code: string;
  readonly detail: string;
}

export type Outcome =
  | { readonly kind: "judged"; readonly refused: ReadonlyMap<number, RefusedItem>; readonly receipt: string | null }
  /** Too much at once. */
  | { readonly kind: "halve"; readonly detail: string }
  /** Not taken in any form: to be shown to somebody. */
  | { readonly kind: "aside"; readonly code: string; readonly detail: string }
  /** Busy, away, or not our server at all: the same again. */
  | { readonly kind: "later"; readonly seconds: number | null }
  /** The token holds no more. */
  | { readonly kind: "enrol"; readonly detail: string };

const AGAIN: Outcome = { kind: "later", seconds: null };

export function outcomeOf(answer: Answer): Outcome {
  const { status } = answer;
  if (status === 202 || status === 422) return judged(answer.body);
  if (status === 413) return { kind: "halve", detail: detailOf(answer.body) };
  // A proxy or a captive portal answers 400 and 415 too, but not with a problem of ours.
  if (status === 400 || status === 415) {
    const detail = detailOf(answer.body);
    return detail === "" ? AGAIN : { kind: "aside", code: `http_${status}`, detail };
  }
  if (status === 401 || status === 403) return { kind: "enrol", detail: detailOf(answer.body) };
  const seconds = /^[0-9]+$/.test(answer.retryAfter ?? "") ? Number(answer.retryAfter) : null;
  return { kind: "later", seconds };
}

function parsed(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function detailOf(body: string): string {
  const detail = parsed(body)?.["detail"];
  return typeof detail === "string" ? detail : "";
}

function judged(body: string): Outcome {
  const said = parsed(body);
  const rejected = said?.["rejected"];
  // A page of somebody else's network may come with any status.
  if (typeof said?.["accepted"] !== "number" || !Array.isArray(rejected)) return AGAIN;
  const items = rejected as { index: number; code: string; detail: string }[];
  const receipt = said["receipt"];
  return {
    kind: "judged",
    refused: new Map(items.map((one) => [one.index, { code: one.code, detail: one.detail }])),
    receipt: typeof receipt === "string" ? receipt : null,
  };
}

const FIRST_WAIT_S = 2;
const LONGEST_WAIT_S = 600;

/** Seconds before the next attempt: full jitter (`chance` in 0..1) over a doubling bound, and never less than the server asks. */
export function waitSeconds(attempt: number, asked: number | null, chance: number): number {
  const bound = Math.min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** Math.min(attempt, 10));
  return (asked ?? 0) + chance * bound;
}
