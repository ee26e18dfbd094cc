/** Food that must not be eaten: what the server says, and this phone's answers, kept until the server has them. */

import { ask, listIn } from "./server";
import type { Store } from "./store";

/** As `GET /v1/holds` gives it. Times are the region's. */
export interface FoodHold {
  readonly id: string;
  readonly batch: string;
  readonly kitchen_name: string;
  readonly ordered_at: string;
  readonly note: string;
  /** This source has to confirm; a kitchen is only shown it. */
  readonly asks: boolean;
  readonly confirmed_at: string | null;
  readonly recipients: number;
  readonly confirmed: number;
}

export interface HoldAnswer {
  /** Some of it had been eaten before it was stopped. */
  readonly eaten: boolean;
  readonly source: string;
}

/** Hands in the answers of `source`, then asks what stands. An answer is kept until the server shows it: what it took, it
 *  reads a moment later. True while one is not shown. Raises as `ask` does; other answers than good ones are asked for again later. */
export async function exchangeHolds(store: Store, source: string, token: string): Promise<boolean> {
  const all = Object.entries((await store.fact("answers")) ?? {});
  const answers = all.filter(([, answer]) => answer.source === source);
  for (const [id, answer] of answers) {
    const body = JSON.stringify({ eaten: answer.eaten });
    const headers = { "Content-Type": "application/json" };
    const taken = await ask(`v1/holds/${encodeURIComponent(id)}/confirm`, token, { method: "POST", headers, body });
    // 404: it was lifted meanwhile.
    if (taken.status !== 202 && taken.status !== 404) return false;
  }
  const holds = listIn<FoodHold>(await ask("v1/holds", token), "holds");
  if (holds === null) return false;
  await store.remember({ holds });
  const open = new Set(holds.filter((hold) => hold.confirmed_at === null).map((hold) => hold.id));
  for (const [id] of answers) if (!open.has(id)) await store.answerHold(id, null);
  return answers.some(([id]) => open.has(id));
}
