/** An alert's row as the desk reads it, and what it does to one. */

import { num, str, type Row } from "../../lib/link/protocol";
import { CERTIFICATE, CLUSTER, confirmations, evidenceOf, isOpen } from "../../lib/view/rows";
import { DESK, RESOLUTIONS } from "../../words/desk";
import { ANSWER, CODES, EVIDENCE } from "../../words/evidence";
import { POINTS } from "../../words/shared";

export interface Alert {
  readonly id: string;
  readonly shortId: string;
  readonly kind: string;
  readonly severity: 1 | 2 | 3;
  readonly unitId: string;
  /** What of the unit it is about; of what Pantau names by a code, in words. */
  readonly subject: string;
  readonly state: "raised" | "acknowledged" | "resolved";
  /** The state in words: of a hold that is not over how many recipients have stopped. */
  readonly stateText: string;
  /** Why it is over, in words; '' while it is not. */
  readonly resolution: string;
  readonly open: boolean;
  readonly raisedMs: number;
  readonly updatedMs: number;
  readonly acknowledgedBy: string;
  readonly untilMs: number;
  readonly assessment: "" | "verified" | "discarded";
  readonly assessedBy: string;
  readonly note: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly hidden: boolean;
}

/** NaN for what is no time. */
function time(row: Row, column: string): number {
  return Date.parse(str(row, column));
}

export function alertOf(row: Row): Alert {
  const severity = num(row, "severity");
  const state = str(row, "state") as Alert["state"];
  const hold = state === "resolved" ? null : confirmations(row);
  return {
    id: row.key,
    shortId: str(row, "short_id"),
    kind: str(row, "kind"),
    severity: severity === 3 || severity === 2 ? severity : 1,
    unitId: str(row, "unit_id"),
    subject: subjectOf(str(row, "kind"), str(row, "subject")),
    state,
    stateText: hold === null ? DESK.state[state] : DESK.stopped(hold.confirmed, hold.of),
    resolution: RESOLUTIONS[str(row, "resolution")] ?? str(row, "resolution"),
    open: isOpen(row),
    raisedMs: time(row, "raised_at"),
    updatedMs: time(row, "updated_at"),
    acknowledgedBy: str(row, "acknowledged_by"),
    untilMs: time(row, "ack_until"),
    assessment: str(row, "assessment") as Alert["assessment"],
    assessedBy: str(row, "assessed_by"),
    note: str(row, "note"),
    evidence: evidenceOf(row),
    hidden: Array.isArray(row["hidden"]) && row["hidden"].length > 0,
  };
}

/**
 * Without those that have the cause of another. Those that need somebody come first, those that are over last; among them the gravest
 * come first. Of one severity people who are ill come first and certificates last; then the oldest.
 */
export function alertsOf(rows: ReadonlyMap<string, Row>): Alert[] {
  const rank = ({ kind }: Alert): number => (kind === CLUSTER ? 0 : kind === CERTIFICATE ? 2 : 1);
  const order = ({ open, state }: Alert): number => (open ? 0 : state === "resolved" ? 2 : 1);
  return [...rows.values()]
    .filter((row) => row.topic === "alerts")
    .map(alertOf)
    .filter((alert) => alert.evidence["part_of"] === undefined)
    .sort((a, b) => order(a) - order(b) || b.severity - a.severity || rank(a) - rank(b) || a.raisedMs - b.raisedMs);
}

/** `chiller/T-1` of a temperature -> "Lemari dingin T-1"; the network by its word, anything else as it is. */
function subjectOf(kind: string, subject: string): string {
  if (kind === "unit_silent" && subject !== "") return DESK.network;
  if (kind !== "temperature") return subject;
  const [point = "", ...sensor] = subject.split("/");
  return [POINTS[point as keyof typeof POINTS] ?? point, sensor.join("/")].join(" ").trim();
}

const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** `["a", 1]` -> "a, 1"; objects as "name: 1 · other: 2". Names, codes and moments of the evidence in words. */
export function plain(value: unknown, moment: (ms: number) => string, name = ""): string {
  // In some fields null means that there is none, and has a word; in others a count is too small to be shown.
  if (value === null) return CODES[name]?.["null"] ?? "•";
  if (Array.isArray(value)) return value.map((one) => plain(one, moment, name)).join(", ");
  if (typeof value === "object") {
    // What it is by, a batch or a recipient, may be called anything.
    const named = name.startsWith("attack_by_") ? {} : EVIDENCE;
    return Object.entries(value)
      .map(([inner, part]) => `${named[inner] ?? inner}: ${plain(part, moment, inner)}`)
      .join(" · ");
  }
  if (typeof value === "boolean") return ANSWER[`${value}`];
  const text = String(value);
  return CODES[name]?.[text] ?? (MOMENT.test(text) ? moment(Date.parse(text)) : text);
}

/** What the server knows of an alert; null if the server is not there, or has nothing of this for it. */
export async function asked<T>(
  alert: Alert,
  what: "hold" | "cases" | "steps",
  bearer: Record<string, string>,
): Promise<T | null> {
  const path = `/v1/alerts/${encodeURIComponent(alert.id)}/${what}`;
  const answer = await fetch(path, { headers: bearer }).catch(() => null);
  return answer?.ok ? ((await answer.json()) as T) : null;
}

/** Sends what a person does; the HTTP status, 0 if the server is not there. */
export async function act(
  alert: Pick<Alert, "id">,
  what: "ack" | "assess" | "hold" | "release" | "steps",
  body: Readonly<Record<string, unknown>>,
  bearer: Record<string, string>,
): Promise<number> {
  const answer = await fetch(`/v1/alerts/${encodeURIComponent(alert.id)}/${what}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...bearer },
    body: JSON.stringify(body),
  }).catch(() => null);
  return answer?.status ?? 0;
}
