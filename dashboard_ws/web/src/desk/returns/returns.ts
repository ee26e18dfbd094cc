/** A report goes back to its source with a reason. */

export interface Return {
  /** Id of the kitchen, clinic or recipient. */
  readonly source: string;
  /** Of the event. */
  readonly id: string;
  readonly type: string;
  readonly note: string;
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
