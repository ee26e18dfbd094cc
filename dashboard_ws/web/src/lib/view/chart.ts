/** Geometry of the day's chart. Pure: points in, paths out, in the chart's own pixels. */

import { scaleLinear } from "d3-scale";
import { curveStepAfter, line } from "d3-shape";
import type { DayPoint, Meal } from "../region";
import { WORDS } from "../../words/wall";
import { gaps, pieces } from "./today";

export const FROM_H = 2;
export const TO_H = 16;
export const TICKS = [3, 6, 9, 12, 15];
export const SERIES = Object.values(WORDS.totals);

export interface Frame {
  readonly width: number;
  readonly height: number;
}

export interface Curve {
  readonly d: string;
  /** Where the line ends; null without points. */
  readonly end: { readonly x: number; readonly y: number } | null;
}

export interface Chart {
  readonly curves: readonly Curve[];
  readonly target: string;
  /** Stretches that nothing is known of, [x, width]. */
  readonly gaps: readonly (readonly [x: number, width: number])[];
  readonly x: (minute: number) => number;
  readonly y: (portions: number) => number;
}

export function chart(points: readonly DayPoint[], meals: readonly Meal[], frame: Frame): Chart {
  const total = meals.reduce((sum, [, registered]) => sum + registered, 0);
  const most = points.reduce((max, one) => Math.max(max, one[1], one[2], one[3], one[4]), total);
  const x = scaleLinear([FROM_H * 60, TO_H * 60], [0, frame.width]).clamp(true);
  const y = scaleLinear([0, Math.max(most, 1)], [frame.height, 0]);
  const seen = points.filter((one) => one[0] <= TO_H * 60);
  const last = seen.at(-1);
  return {
    curves: SERIES.map((_, series) => ({
      d: pieces(seen)
        .map((piece) => step(piece.map((one) => [x(one[0]), y(one[series + 1] ?? 0)])))
        .join(""),
      end: last === undefined ? null : { x: x(last[0]), y: y(last[series + 1] ?? 0) },
    })),
    target: step(expected(meals).map(([minute, due]) => [x(minute), y(due)])),
    gaps: gaps(seen, FROM_H * 60).map(([from, to]) => [x(from), x(to) - x(from)] as const),
    x,
    y,
  };
}

const step = (at: [number, number][]): string => line().curve(curveStepAfter).digits(1)(at) ?? "";

/** [minute, registered whose meal time has passed] through the day. */
function expected(meals: readonly Meal[]): [number, number][] {
  const found: [number, number][] = [];
  let due = 0;
  for (const [minute, registered] of meals) {
    if (found.length === 0) found.push([FROM_H * 60, 0]);
    due += registered;
    found.push([minute, due]);
  }
  if (found.length > 0) found.push([TO_H * 60, due]);
  return found;
}

/** Heights of labels that want to stand at `wanted` (top down) but not closer than `apart`, within [from, to]. */
export function spread(wanted: readonly number[], apart: number, from: number, to: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0) || a - b);
  const placed = [...wanted];
  let least = from;
  for (const index of order) {
    placed[index] = Math.max(placed[index] ?? 0, least);
    least = (placed[index] ?? 0) + apart;
  }
  let most = to;
  for (const index of order.reverse()) {
    placed[index] = Math.min(placed[index] ?? 0, most);
    most = (placed[index] ?? 0) - apart;
  }
  return placed;
}
