import { expect, it } from "vitest";
import { around, radiusOf, type CasePlace } from "./cases";

const at = (x: number, y: number): CasePlace => ({ id: `${x}/${y}`, name: "", synthetic: true, x, y });

it("the map shows every place, and what lies around a single one", () => {
  const { x, y, side } = around([at(100, 300), at(300, 340)]);
  expect(side).toBeCloseTo(260);
  expect([x, x + side]).toEqual([70, 330]);
  expect([y, y + side]).toEqual([190, 450]);
  expect(around([at(10, 20)])).toEqual({ x: -20, y: -10, side: 60 });
});

it("a circle's area grows with the count, and a hidden count looks like the least", () => {
  expect(radiusOf(80, 80) / radiusOf(20, 80)).toBeCloseTo(2);
  expect(radiusOf(null, 80)).toBe(radiusOf(0, 80));
  expect(radiusOf(5, 5)).toBeLessThan(radiusOf(20, 20));
});
