/** Events of this source that the server has refused, also after it had taken them, whichever phone or program sent them. */

import type { Row } from "../outbox/rows";
import { ask, listIn } from "../outbox/server";
import type { Store } from "../outbox/store";

/** As `GET /v1/rejected` gives it: no values. */
export interface RejectedEvent {
  readonly letter: string;
  readonly id: string | null;
  readonly type: string | null;
  readonly code: string;
  readonly detail: string;
  readonly received_at: string;
}

/** Says nothing that a person could mend. */
const BEAT = "unit.heartbeat";

/** Asks for them. A row of this phone that was thought to be sent is to be mended; what no row stands for is shown beside.
 *  Raises as `ask` does; another's network changes nothing. */
export async function exchangeRejected(store: Store, token: string): Promise<void> {
  const found = listIn<RejectedEvent>(await ask("v1/rejected", token), "rejected");
  if (found === null) return;
  const byId = new Map(found.flatMap((one) => (one.id === null ? [] : [[one.id, one] as const])));
  const rows = await store.change([...byId.keys()], (row) => refused(row, byId.get(row.id)));
  const own = new Set<string | null>(rows.map((row) => row.id));
  const others = found.filter((one) => !own.has(one.id) && one.type !== BEAT);
  await store.setRejected(others, new Set(found.map((one) => one.letter)));
}

function refused(row: Row, one: RejectedEvent | undefined): Row | null {
  if (row.state !== "sent" || one === undefined) return null;
  return { ...row, state: "refused", code: one.code, detail: one.detail };
}

/** What the mended statement of a refused row supersedes. Under the id of a conflict another statement counts: that one. */
export function mended(row: Row): string | undefined {
  return row.code === "conflict" ? row.id : row.supersedes;
}
