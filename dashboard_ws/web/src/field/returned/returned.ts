/** Reports of this source that the desk wants corrected or taken back, whichever phone or program sent them. */

import { isStanding, newestOf, type Row } from "../outbox/rows";
import { ask, listIn } from "../outbox/server";
import type { Store } from "../outbox/store";
import type { Scene, Task } from "../tasks/task";

/** As `GET /v1/returned` gives it. `returned_at`: the region's. */
export interface ReturnedReport {
  /** Id of the return. */
  readonly command: string;
  /** Of the event. */
  readonly id: string;
  readonly type: string;
  readonly note: string;
  readonly returned_at: string;
}

/** Asks for them. Raises as `ask` does; another's network changes nothing. */
export async function exchangeReturned(store: Store, token: string): Promise<void> {
  const returned = listIn<ReturnedReport>(await ask("v1/returned", token), "returned");
  if (returned !== null) await store.remember({ returned });
}

/** Those that this phone has not answered since. `region`: the region's time of a time of the phone, epoch ms. */
export function unanswered(
  returned: readonly ReturnedReport[],
  rows: readonly Row[],
  region: (ms: number) => number,
): ReturnedReport[] {
  const answers = rows.filter(isStanding);
  return returned.filter(
    ({ id, returned_at }) =>
      !answers.some((row) => row.supersedes === id && region(row.recorded) > Date.parse(returned_at)),
  );
}

/** What is corrected: with what this phone last entered of it (`own`: its row), else as `task` begins, at `scene.now`.
 *  The answer names the version that was returned, whatever has corrected that since: so the server knows it for one. */
export function reportToMend(
  one: ReturnedReport,
  task: Task,
  scene: Scene,
  own: Row | undefined,
  rows: readonly Row[],
): Row {
  if (own !== undefined) {
    const newest = newestOf(own, rows);
    const { values, time } = newest.type === own.type ? newest : own;
    return { ...own, values, time, state: "sent", isReturned: true };
  }
  return {
    id: one.id,
    seq: 0,
    source: scene.source.source,
    type: one.type,
    data: {},
    time: scene.now,
    times: {},
    task: task.id,
    values: task.initial(scene),
    recorded: scene.now,
    reading: null,
    state: "sent",
    line: null,
    shift: 0,
    isReturned: true,
  };
}
