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

it("a missing certificate hides no other alert of its severity, however long it has been missing", () => {
  const at = (time: string): string => `2026-11-24T${time}:00Z`;
  const rows = rowsOf(
    { kind: "certificate", severity: 2, state: "raised", raised_at: at("00:00") },
    { kind: "over_4h", severity: 2, state: "raised", raised_at: at("05:00") },
    { kind: "foodborne_cluster", severity: 2, state: "raised", raised_at: at("06:00") },
    { kind: "temperature", severity: 1, state: "raised", raised_at: at("00:00") },
  );
  expect(alertsOf(rows).map((one) => one.id)).toEqual(["3", "2", "1", "4"]);
});

it("names, codes and moments of the evidence stand in Indonesian, what a kitchen named stands as it is", () => {
  const shown = (value: unknown, name = ""): string => plain(value, (ms) => `jam ${new Date(ms).getUTCHours()}`, name);
  expect(shown({ over_min: 240, reasons: ["smell", "foreign_object"], senses_passed: false })).toBe(
    "lebih dari (menit): 240 · Alasan: Bau tidak sedap, Ada benda asing · Lolos uji indra: tidak",
  );
  expect(shown("2026-11-24T07:30:00Z", "made_at")).toBe("jam 7");
  expect(shown({ smell: { ill: 4, at_risk: 90 } }, "attack_by_batch")).toBe("smell: sakit: 4 · yang berisiko: 90");
  expect(shown("smell", "batch")).toBe("smell");
  expect(shown(null, "valid_until")).toBe("belum ada sertifikat");
  expect(shown(null, "ill")).toBe("•");
});

it("says in words what an alert is about and why it is over", () => {
  const rows = rowsOf(
    { kind: "temperature", subject: "chiller/T-1", state: "resolved", resolution: "in_range" },
    { kind: "unit_silent", subject: "network", state: "raised" },
    { kind: "unsafe_batch", subject: "network", state: "raised" },
  );
  const found = alertsOf(rows).map((one) => [one.id, one.subject, one.resolution]);
  expect(found.sort()).toEqual([
    ["1", "Lemari dingin T-1", "suhu kembali normal"],
    ["2", "Jaringan", ""],
    ["3", "network", ""],
  ]);
});
