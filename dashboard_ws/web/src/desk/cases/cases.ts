/** Cases by recipient, as `GET /v1/alerts/{id}/cases` gives them, and how they are drawn. */

import { CLUSTER } from "../../lib/view/rows";
import type { Alert } from "../alerts/alert";

export interface CasePlace {
  readonly id: string;
  readonly name: string;
  readonly synthetic: boolean;
  /** In the units of the region's map. */
  readonly x: number;
  readonly y: number;
}

export interface RecipientCases extends CasePlace {
  readonly kind: "school" | "pesantren" | "posyandu";
  /** Null: 1 to 4, which the server does not show to this person. */
  readonly cases: number | null;
}

export interface Cases {
  /** Most cases first. */
  readonly recipients: readonly RecipientCases[];
  readonly kitchens: readonly CasePlace[];
  readonly without_recipient: number | null;
}

const COUNTED = new Set([CLUSTER, "illness_reported"]);

export function countsPeople(alert: Alert): boolean {
  return COUNTED.has(alert.kind);
}

/** The part of the map that is shown: a square, in the map's units. */
export interface Window {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** A tenth of the region: a single school is shown with what lies around it. */
const LEAST_SIDE = 60;
const MARGIN = 1.3;

export function around(places: readonly CasePlace[]): Window {
  const xs = places.map((one) => one.x);
  const ys = places.map((one) => one.y);
  const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const side = Math.max(LEAST_SIDE, MARGIN * Math.max(east - west, south - north));
  return { x: (west + east - side) / 2, y: (north + south - side) / 2, side };
}

const SMALLEST = 0.014;
const LARGEST = 0.06;
/** The least count that has the largest circle: few cases must not look like many. */
const MANY = 20;

/** Of a circle, as a share of the window's side: its area grows with the count. */
export function radiusOf(cases: number | null, most: number): number {
  if (cases === null || cases === 0) return SMALLEST;
  return Math.max(SMALLEST, LARGEST * Math.sqrt(cases / Math.max(most, MANY)));
}
