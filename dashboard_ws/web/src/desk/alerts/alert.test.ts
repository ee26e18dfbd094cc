import { expect, it } from "vitest";
import type { Row } from "../../lib/link/protocol";
import { alertsOf, plain } from "./alert";

const rowsOf = (...all: Record<string, unknown>[]): ReadonlyMap<string, Row> =>
  new Map(
    all.map((columns, index) => {
      const key = String(index + 1);
      return [key, { topic: "alerts", key, raised_at: "2026-11-24T02:30:00Z", ...columns } as unknown as Row];
    }),
  );

it("a hold reads how many have stopped until it is over, and needs nobody once all have", () => {
  const hold = (state: string, confirmed: number): Record<string, unknown> => ({
    kind: "hold",
    severity: 3,
    state,
    evidence: { confirmed_count: confirmed, recipient_count: 9 },
  });
  const rows = rowsOf(
    hold("raised", 9),
    hold("raised", 6),
    hold("acknowledged", 7),
    hold("resolved", 9),
    { kind: "over_4h", severity: 2, state: "raised" },
    { kind: "temperature", severity: 1, state: "acknowledged" },
  );
  expect(alertsOf(rows).map((one) => [one.id, one.stateText, one.open])).toEqual([
    ["2", "6 dari 9 sudah berhenti", true],
    ["5", "Belum ditangani", true],
    ["1", "Semua penerima sudah berhenti (9 dari 9)", false],
    ["3", "7 dari 9 sudah berhenti", false],
    ["6", "Ditangani", false],
    ["4", "Selesai", false],
  ]);
});

it("the numbers of a rule are named in Indonesian", () => {
  expect(plain({ over_min: 240, reasons: ["smell"] })).toBe("lebih dari (menit): 240 · Alasan: smell");
});
