/** Who has not reported today, as `GET /v1/desk/missing` gives it. */

export interface MissingUnit {
  readonly unit_id: string;
  readonly name: string;
  /** `sppg`, or a recipient's. */
  readonly kind: "sppg" | "school" | "pesantren" | "posyandu";
  readonly kecamatan: string;
  /** Local time. */
  readonly meal_time: string;
}

export interface Missing {
  /** Local time up to which everything received is in. */
  readonly by: string;
  /** How many had to have reported by then. */
  readonly due: number;
  /** By kecamatan, kitchens first. */
  readonly missing: readonly MissingUnit[];
  /** The same as a message. */
  readonly text: string;
}

/** `kecamatan`: empty for all. Null: the server did not answer, or knows nothing yet. */
export async function askMissing(
  region: string,
  kecamatan: string,
  headers: Record<string, string>,
): Promise<Missing | null> {
  const query = new URLSearchParams({ region, ...(kecamatan === "" ? {} : { kecamatan }) });
  const answer = await fetch(`/v1/desk/missing?${query}`, { headers }).catch(() => null);
  return answer?.ok ? ((await answer.json()) as Missing) : null;
}

export interface Area {
  readonly code: string;
  readonly units: readonly MissingUnit[];
}

/** In the order of the list, which is by kecamatan. */
export function byKecamatan(missing: readonly MissingUnit[]): Area[] {
  const areas: { code: string; units: MissingUnit[] }[] = [];
  for (const one of missing) {
    const last = areas.at(-1);
    if (last?.code === one.kecamatan) last.units.push(one);
    else areas.push({ code: one.kecamatan, units: [one] });
  }
  return areas;
}
