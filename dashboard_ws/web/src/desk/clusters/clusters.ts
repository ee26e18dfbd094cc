/** Suspected clusters that are over, as `GET /v1/desk/clusters` gives them. */

export interface OverCluster {
  readonly id: string;
  readonly short_id: string;
  /** A kitchen; of a lot empty. */
  readonly unit_id: string;
  /** Of the kitchen; empty if it is not in force today. */
  readonly name: string;
  /** A lot, else empty. */
  readonly subject: string;
  readonly raised_at: string;
  readonly resolved_at: string;
  readonly resolution: string;
  /** Null: 1 to 4, which this person is not shown. So too `nameless`, patients without a recipient. */
  readonly people: number | null;
  readonly nameless: number | null;
  readonly assessment: "" | "verified" | "discarded";
  readonly assessed_by: string;
  readonly assessed_at: string | null;
  readonly note: string;
}

export interface OverClusters {
  /** The last that ended first. */
  readonly clusters: readonly OverCluster[];
  readonly more: boolean;
}

/** Null: the server did not answer. */
export async function askClusters(region: string, headers: Record<string, string>): Promise<OverClusters | null> {
  const query = new URLSearchParams({ region });
  const answer = await fetch(`/v1/desk/clusters?${query}`, { headers }).catch(() => null);
  return answer?.ok ? ((await answer.json()) as OverClusters) : null;
}
