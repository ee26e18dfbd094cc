import { describe, expect, it } from "vitest";
import { questioned } from "../view/attention";

describe("figures that deserve a question", () => {
  it("are one line of the last day of service, which stands last", () => {
    const kitchens = { same_figures: ["A", "B", "C"], same_minutes: [] };
    const [line, ...others] = questioned({ day: "2026-11-23", kitchens });
    expect(others).toEqual([]);
    expect(line).toMatchObject({ since: "23/11", what: "Cek", where: "3 SPPG: angka sama", severity: 1, open: false });
  });

  it("of several kinds are counted, a kitchen once", () => {
    const kitchens = { same_figures: ["A", "B"], dispatched_less_than_received: ["B"] };
    expect(questioned({ day: "2026-11-23", kitchens })[0]?.where).toBe("2 SPPG: 2 hal");
  });

  it("are no line where there are none, and no old number where nobody can be asked", () => {
    expect(questioned({ day: "2026-11-23", kitchens: {} })).toEqual([]);
    expect(questioned(null)).toEqual([]);
    expect(questioned({ day: "2026-11-23", kitchens: null })[0]?.where).toBe("laporan: tak tersedia");
  });
});
