/** Suspected clusters that are over, as the server gives them. */

const over = (id: string, more: object): Record<string, unknown> => ({
  id,
  short_id: id.toUpperCase(),
  unit_id: "SPPG-3211-0001",
  name: "SPPG Contoh Wado 01",
  subject: "",
  severity: 3,
  raised_at: "2026-11-16T06:12:00Z",
  resolved_at: "2026-11-19T08:40:00Z",
  resolution: "no_new_case",
  people: 23,
  nameless: 0,
  assessment: "",
  assessed_by: "",
  assessed_at: null,
  note: "",
  ...more,
});

/** `word`: what was found of the first; of it some are not counted for the role desk. */
export function clustersOf(isHealth: boolean, word: Record<string, unknown>): Record<string, unknown> {
  const few = isHealth ? 3 : null;
  return {
    more: false,
    clusters: [
      over("g1", { nameless: few, ...word }),
      over("g2", {
        unit_id: "",
        name: "",
        subject: "Tani Makmur/L-7",
        raised_at: "2026-11-10T05:00:00Z",
        resolved_at: "2026-11-12T03:00:00Z",
        resolution: "corrected",
        people: few,
        assessment: "discarded",
        assessed_by: "ratna",
        assessed_at: "2026-11-13T02:00:00Z",
        note: "Influenza di dua sekolah",
      }),
    ],
  };
}
