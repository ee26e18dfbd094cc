/** What the server says of this phone's source (`GET /v1/source`), kept for hours without a network. */

export type Kind = "sppg" | "clinic" | "recipient";

export interface Recipient {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly meal_time: string;
  /** Registered by group, of the groups served today. */
  readonly registered: Readonly<Record<string, number>>;
  /** Why the other groups are not served; empty: the weekday. */
  readonly not_served: Readonly<Record<string, string>>;
}

export interface Source {
  readonly source: string;
  readonly kind: Kind;
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly region_name: string;
  readonly timezone: string;
  readonly now: string;
  readonly clock_factor: number;
  readonly day: string;
  readonly synthetic: boolean;
  readonly recipient: Recipient | null;
  readonly kitchen: { readonly id: string; readonly name: string } | null;
  readonly recipients: readonly Recipient[];
  /** "18:00": from then on a correction of that local day needs a reason. */
  readonly day_closes?: string;
}

export function total(registered: Readonly<Record<string, number>>): number {
  return Object.values(registered).reduce((sum, count) => sum + count, 0);
}

/** Groups of a recipient, those not served today too: pupils are present although no meal comes. */
export function groupsOf(one: Recipient): string[] {
  return [...Object.keys(one.registered), ...Object.keys(one.not_served)];
}
