/** Reports of a source and what was refused, as the server gives them to the desk. */

const report = (id: string, type: string, time: string, facts: object, more: object = {}): object => ({
  id,
  type,
  subject: "",
  time,
  received_at: time,
  is_correction: false,
  facts,
  ...more,
});

export const REPORTS_OF_SCHOOL = {
  name: "SDN Contoh 1",
  more: false,
  hidden: true,
  reports: [
    report("r3", "recipient.meal.eaten", "2026-11-24T04:40:00Z", { eaten: 281, leftover_g: 5500 }),
    report("r2", "recipient.attendance.reported", "2026-11-24T01:10:00Z", { present: 283, absent_ill: null }),
    report(
      "r1",
      "recipient.delivery.checked",
      "2026-11-23T03:05:00Z",
      { trip: "T-1", portions: 283, refused: 12, temp_c: 61.5 },
      { is_correction: true },
    ),
  ],
};

const counted = (day: string, source: string, name: string, code: string, letters: number, again = 0): object => ({
  day,
  source,
  name,
  code,
  letters,
  again,
  last: `${day}T04:00:00Z`,
});

export const REFUSED = {
  since: "2026-11-18",
  more: false,
  counts: [
    counted("2026-11-24", "SPPG-3211-0001", "SPPG Contoh", "out_of_range", 41),
    counted("2026-11-24", "", "", "unknown_unit", 7, 2),
    counted("2026-11-23", "npsn:20200", "SDN Contoh 1", "nik", 1),
  ],
};
