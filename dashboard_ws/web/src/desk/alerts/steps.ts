/** The checklist of an alert: what the region lists, and what of it is done. */

import type { Alert } from "./alert";

export interface ListedStep {
  readonly step: string;
  readonly text: string;
}

/** As `GET /v1/alerts/{id}/steps` gives it. */
export interface StepList {
  readonly steps: readonly ListedStep[];
}

export interface Step extends ListedStep {
  /** Null: nobody has said so. */
  readonly done: { readonly by: string; readonly atMs: number } | null;
  /** False: it is done, and the region has taken it off its list since. */
  readonly isListed: boolean;
}

interface Done extends ListedStep {
  readonly by: string;
  readonly at: string;
}

export function checklist(listed: readonly ListedStep[], alert: Alert): Step[] {
  const steps = (alert.evidence["steps"] ?? []) as readonly Done[];
  const done = new Map(steps.map(({ step, by, at }) => [step, { by, atMs: Date.parse(at) }]));
  const known = new Set(listed.map((one) => one.step));
  return [
    ...listed.map((one) => ({ ...one, done: done.get(one.step) ?? null, isListed: true })),
    ...steps
      .filter((one) => !known.has(one.step))
      .map(({ step, text }) => ({ step, text, done: done.get(step) ?? null, isListed: false })),
  ];
}
