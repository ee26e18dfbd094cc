/** What is half typed outlives the page: a call comes in, the phone closes it, nothing is lost. */

import type { Values } from "../outbox/rows";
import type { Field } from "../tasks/task";

const KEY = "pantau.draft";

interface Draft {
  readonly key: string;
  readonly values: Values;
}

/** One draft: of the task that was open last. Persons are left out: they are typed again. */
export function writeDraft(key: string, values: Values, fields: readonly Field[]): void {
  const persons = new Set(fields.filter((field) => field.kind === "person").map((field) => field.name));
  const kept = Object.fromEntries(Object.entries(values).filter(([name]) => !persons.has(name)));
  try {
    localStorage.setItem(KEY, JSON.stringify({ key, values: kept } satisfies Draft));
  } catch {
    // No room for a draft: what is saved by its button does not depend on it.
  }
}

export function readDraft(key: string): Values {
  try {
    const draft = JSON.parse(localStorage.getItem(KEY) ?? "null") as Draft | null;
    return draft?.key === key ? draft.values : {};
  } catch {
    return {};
  }
}

export function forgetDrafts(): void {
  localStorage.removeItem(KEY);
}

export function forgetDraft(key: string): void {
  if (Object.keys(readDraft(key)).length > 0) forgetDrafts();
}
