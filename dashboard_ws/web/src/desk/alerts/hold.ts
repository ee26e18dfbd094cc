/** A hold as the desk reads it, and what it may order. */

import type { Alert } from "./alert";

export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly meal_time: string;
  /** It got the batch, as far as is known. */
  readonly chosen: boolean;
}

/** As `GET /v1/alerts/{id}/hold` gives it. */
export interface Proposal {
  readonly batches: readonly string[];
  readonly recipients: readonly Candidate[];
}

export interface Stop {
  readonly recipient: string;
  /** NaN: it has not answered. */
  readonly atMs: number;
  readonly eaten: boolean;
}

export interface Progress {
  readonly orderedBy: string;
  readonly reason: string;
  readonly stops: readonly Stop[];
  readonly confirmed: number;
  readonly eaten: number;
  readonly minutesToLast: number | null;
}

interface Evidence {
  readonly ordered_by?: string;
  readonly reason?: string;
  readonly recipients?: readonly string[];
  readonly confirmations?: readonly { readonly recipient: string; readonly at: string; readonly eaten: boolean }[];
  readonly minutes_to_last?: number | null;
}

/** Those that have not answered first: they are telephoned. */
export function progressOf(alert: Alert): Progress {
  const {
    ordered_by = "",
    reason = "",
    recipients = [],
    confirmations = [],
    minutes_to_last = null,
  } = alert.evidence as Evidence;
  const answers = new Map(confirmations.map((one) => [one.recipient, one]));
  const stops = recipients.map((recipient) => {
    const answer = answers.get(recipient);
    return { recipient, atMs: Date.parse(answer?.at ?? ""), eaten: answer?.eaten ?? false };
  });
  const missing = stops.filter((one) => Number.isNaN(one.atMs));
  return {
    orderedBy: ordered_by,
    reason,
    stops: [...missing, ...stops.filter((one) => !Number.isNaN(one.atMs)).sort((a, b) => a.atMs - b.atMs)],
    confirmed: confirmations.length,
    eaten: confirmations.filter((one) => one.eaten).length,
    minutesToLast: minutes_to_last,
  };
}
