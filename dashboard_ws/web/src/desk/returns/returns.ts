/** Reports of a source, and one that goes back to it with a reason. */

import { DESK, REPORT_FACTS } from "../../words/desk";
import { FOOD_TESTS, POINTS } from "../../words/shared";

/** As `GET /v1/desk/reports` gives it. Times are RFC 3339, UTC. */
export interface Report {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly received_at: string;
  readonly is_correction: boolean;
  /** Null: 1 to 4 people, not shown to this role. */
  readonly facts: Readonly<Record<string, number | string | null>>;
}

export interface Reports {
  /** Of the source. */
  readonly name: string;
  readonly reports: readonly Report[];
  readonly more: boolean;
  /** Types about people who are ill are left out for this role. */
  readonly hidden: boolean;
}

export interface Return {
  /** Id of the kitchen, clinic or recipient. */
  readonly source: string;
  /** Of the event. */
  readonly id: string;
  readonly type: string;
  readonly note: string;
}

const CODES: Readonly<Record<string, Readonly<Record<string, string>>>> = { point: POINTS, test: FOOD_TESTS };

/** The list, or the HTTP status, 0 if the server is not there. `type`: empty for all. */
export async function askReports(
  source: string,
  days: number,
  type: string,
  headers: Record<string, string>,
): Promise<Reports | number> {
  const query = new URLSearchParams({ source, days: String(days), type });
  const answer = await fetch(`/v1/desk/reports?${query}`, { headers }).catch(() => null);
  return answer?.ok ? ((await answer.json()) as Reports) : (answer?.status ?? 0);
}

/** "porsi 310, ditolak 4". */
export function factsOf(report: Report): string {
  return Object.entries(report.facts)
    .map(([name, value]) => {
      const shown = value === null ? DESK.returnFew : (CODES[name]?.[value] ?? String(value).replace(".", ","));
      return `${REPORT_FACTS[name] ?? name} ${shown}`;
    })
    .join(", ");
}

/** The HTTP status, 0 if the server is not there. */
export async function giveBack(body: Return, headers: Record<string, string>): Promise<number> {
  const answer = await fetch("/v1/reports/return", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  }).catch(() => null);
  return answer?.status ?? 0;
}
