import { describe, expect, it } from "vitest";
import { LocalTime } from "../format";
import type { Row } from "../link/protocol";
import { alerts, fold, type Notice } from "../view/attention";
import { NOW, unit, row } from "./region-fixtures";

describe("signs", () => {
  const alert = (id: string, columns: Record<string, unknown>): [string, Row] => [
    id,
    { ...row(id, { unit_id: "A", raised_at: "2026-11-24T02:30:00Z", ...columns }), topic: "alerts", key: id } as Row,
  ];

  it("are the alerts that are open, without those that are part of another, and say who takes care", () => {
    const rows = new Map([
      alert("1", { kind: "over_4h", severity: 2, state: "raised", evidence: {} }),
      alert("2", { kind: "unsafe_batch", severity: 3, state: "acknowledged", acknowledged_by: "dadan" }),
      alert("3", { kind: "temperature", severity: 1, state: "resolved" }),
      alert("4", { kind: "over_4h", severity: 2, state: "raised", evidence: { part_of: "1" } }),
      alert("5", { kind: "hold", severity: 3, state: "raised", evidence: { confirmed_count: 6, recipient_count: 9 } }),
      alert("6", { kind: "hold", severity: 3, state: "raised", evidence: { confirmed_count: 9, recipient_count: 9 } }),
    ]);
    const found = alerts([unit("A")], rows, NOW, new LocalTime("Asia/Jakarta"));
    expect(found.map((one) => [one.severity, one.since, one.what, one.where, one.figure, one.open])).toEqual([
      [3, "09:30", "Uji gagal", "A", "✓ dadan", false],
      [3, "09:30", "Ditahan", "A", "6 dari 9 sudah", true],
      [3, "09:30", "Ditahan", "A", "9 dari 9 sudah", false],
      [2, "09:30", "> 4 jam", "A", "30 mnt", true],
    ]);
  });

  it("of equal severity those about people who are ill stand first, and one of a lot names it", () => {
    const siaga = { severity: 3, state: "raised", raised_at: "2026-11-24T02:30:00Z" };
    const rows = new Map([
      alert("1", { ...siaga, kind: "food_refused" }),
      alert("2", { ...siaga, kind: "foodborne_cluster", raised_at: "2026-11-24T02:40:00Z" }),
      alert("3", {
        ...siaga,
        kind: "foodborne_cluster",
        unit_id: "",
        subject: "TB/ayam-7",
        raised_at: "2026-11-24T02:50:00Z",
      }),
      alert("4", { ...siaga, kind: "unit_silent", unit_id: "", subject: "network" }),
    ]);
    const found = alerts([unit("A")], rows, NOW, new LocalTime("Asia/Jakarta"));
    expect(found.map((one) => one.where)).toEqual(["A", "TB/ayam-7", "A", "Jaringan"]);
  });

  const notice = (what: string, id: number, severity: 1 | 2 | 3 = 2): Notice => ({
    id: `${what}${id}`,
    what,
    severity,
    where: `W${id}`,
    since: "",
    figure: "",
    weight: id,
    open: false,
    row: undefined,
  });

  it("a flood of one kind becomes one line and hides nothing else", () => {
    const flood = Array.from({ length: 12 }, (_, id) => notice("Diam", id));
    const { notices, more } = fold([notice("Uji gagal", 1, 3), ...flood, notice("Suhu", 1, 1)], 6);
    expect(notices.map((one) => `${one.what} ${one.where}`)).toEqual([
      "Uji gagal W1",
      "Diam W0",
      "Diam W1",
      "Diam W2",
      "Diam 9 SPPG lain",
      "Suhu W1",
    ]);
    expect(more).toBe(0);
  });

  it("two floods share the room", () => {
    const flood = (what: string): Notice[] => Array.from({ length: 9 }, (_, id) => notice(what, id));
    const { notices, more } = fold([...flood("Diam"), ...flood("Suhu")], 6);
    expect(notices.map((one) => `${one.what} ${one.where}`)).toEqual([
      "Diam 9 SPPG",
      "Suhu W0",
      "Suhu W1",
      "Suhu W2",
      "Suhu W3",
      "Suhu 5 SPPG lain",
    ]);
    expect(more).toBe(0);
  });

  it("a kitchen with several lines of a flood is counted once", () => {
    const flood = Array.from({ length: 9 }, (_, id) => ({ ...notice("> 4 jam", id), where: `W${id % 2}` }));
    expect(
      fold([notice("a", 1), notice("b", 1), notice("c", 1), notice("d", 1), notice("e", 1), ...flood], 6),
    ).toMatchObject({
      notices: [{}, {}, {}, {}, {}, { where: "2 SPPG" }],
    });
  });

  it("missing certificates are one line though there is room", () => {
    const missing = Array.from({ length: 3 }, (_, id) => notice("SLHS", id));
    const { notices, more } = fold([...missing, notice("Suhu", 1, 1)], 6);
    expect(notices.map((one) => `${one.what} ${one.where}`)).toEqual(["SLHS 3 SPPG", "Suhu W1"]);
    expect(more).toBe(0);
  });

  it("a line of several says since when the oldest of them stands", () => {
    const flood = [3, 9, 5].map((id) => ({ ...notice("SLHS", id), since: `08:0${id}`, weight: -id }));
    expect(fold(flood, 6).notices.map((one) => one.since)).toEqual(["08:03"]);
    expect(fold(flood.reverse(), 6).notices.map((one) => one.since)).toEqual(["08:03"]);
  });

  it("what finds no place is counted", () => {
    const all = ["a", "b", "c", "d", "e", "f", "g", "h"].map((what) => notice(what, 1));
    expect(fold(all, 6)).toMatchObject({ more: 2, notices: { length: 6 } });
  });

  it("keeps the last place for what has the lowest rank", () => {
    const all = ["a", "b", "c", "d", "e", "f", "g"].map((what) => notice(what, 2));
    const { notices, more } = fold(all, 6, [notice("Cek", 1)]);
    expect(notices.map((one) => one.what)).toEqual(["a", "b", "c", "d", "e", "Cek"]);
    expect(more).toBe(2);
  });
});
