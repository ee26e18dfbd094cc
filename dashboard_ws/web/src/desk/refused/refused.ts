/** What was refused and nobody has seen to, as `GET /v1/desk/refused` gives it: counts, no values. */

export interface RefusedCount {
  /** Local: "2026-11-24". */
  readonly day: string;
  /** A registered unit or recipient, else empty. */
  readonly source: string;
  /** Of it; empty if it is not in force today. */
  readonly name: string;
  readonly code: string;
  readonly letters: number;
  /** Of them: sent again and refused again. */
  readonly again: number;
}

export interface Refused {
  readonly counts: readonly RefusedCount[];
  readonly more: boolean;
}

/** Null: the server did not answer. */
export async function askRefused(
  region: string,
  days: number,
  headers: Record<string, string>,
): Promise<Refused | null> {
  const query = new URLSearchParams({ region, days: String(days) });
  const answer = await fetch(`/v1/desk/refused?${query}`, { headers }).catch(() => null);
  return answer?.ok ? ((await answer.json()) as Refused) : null;
}

export interface RefusedDay {
  readonly day: string;
  readonly counts: readonly RefusedCount[];
}

/** In the order of the list, which is by day. */
export function byDay(counts: readonly RefusedCount[]): RefusedDay[] {
  const days: { day: string; counts: RefusedCount[] }[] = [];
  for (const one of counts) {
    const last = days.at(-1);
    if (last?.day === one.day) last.counts.push(one);
    else days.push({ day: one.day, counts: [one] });
  }
  return days;
}

/** What is typed on the server about such letters. */
export function commandOf({ source, code }: RefusedCount): string {
  return `pantau dead-letters list --code ${code}${source === "" ? "" : ` --unit ${source}`}`;
}
