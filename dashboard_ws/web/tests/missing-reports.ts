/** Who has not reported, as the server gives it. */

const MISSING = [
  { unit_id: "SPPG-3211-0001", name: "SPPG Contoh Wado 01", kind: "sppg", kecamatan: "32.11.01", meal_time: "08:30" },
  { unit_id: "npsn:20200", name: "SDN Contoh 1", kind: "school", kecamatan: "32.11.01", meal_time: "10:00" },
  { unit_id: "npsn:20201", name: "SDN Contoh 2", kind: "school", kecamatan: "32.11.03", meal_time: "10:00" },
];

/** `kecamatan` null: of all. */
export function missingOf(kecamatan: string | null): Record<string, unknown> {
  const missing = MISSING.filter((one) => kecamatan === null || one.kecamatan === kecamatan);
  const due = kecamatan === null ? 31 : 4;
  return { day: "2026-11-24", by: "12:14", due, missing, text: `*Belum melapor*\n- ${missing.length} satuan` };
}
