/** Words of the form's tasks: their titles, fields and choices, in Bahasa Indonesia. */

import { FOOD_TESTS, GROUPS as GROUP_NAMES, named, POINTS, REFUSAL_REASONS } from "./shared";

export const GROUPS = named(GROUP_NAMES, "long");

/** Task -> title, labels of its fields, and help of a field (its name with "?"). Groups have their own names. */
export const TASKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  check: {
    title: "Makanan datang",
    portions: "Porsi diterima",
    senses_passed: "Dilihat, dicium, dicicipi",
    refused: "Porsi ditolak",
    reasons: "Mengapa?",
    temp_c: "Suhu makanan",
    trip: "Nomor antaran",
  },
  attendance: {
    title: "Hadir hari ini",
    absent_ill: "Tidak hadir karena sakit",
  },
  eaten: {
    title: "Dimakan dan sisa",
    leftover_kg: "Sisa makanan",
  },
  declined: {
    title: "Tidak melayani hari ini",
    reason: "Karena",
    groups: "Untuk siapa?",
    "groups?": "Kosong: semua.",
  },
  illness: {
    title: "Ada yang sakit",
    ill: "Berapa orang?",
    "ill?": "Laporan ini ke Dinas Kesehatan; dapur tidak melihatnya.",
    since: "Mulai sakit",
    symptoms: "Gejala",
  },
  ingredient: {
    title: "Bahan datang",
    item: "Bahan",
    supplier: "Pemasok",
    lot: "Nomor lot",
    ready_to_eat: "Siap makan?",
    made_at: "Dibuat",
    temp_c: "Suhu saat datang",
  },
  cook: {
    title: "Selesai masak",
    batch: "Nama masakan (batch)",
    portions: "Porsi",
    core_temp_c: "Suhu inti",
    lots: "Dari bahan",
  },
  test: {
    title: "Uji makanan",
    batch: "Masakan",
    test: "Uji",
    passed: "Hasil",
  },
  dispatch: {
    title: "Berangkat",
    trip: "Nomor antaran",
    batches: "Masakan",
    portions: "Porsi",
  },
  delivery: {
    title: "Diterima penerima",
    subject: "Penerima",
    trip: "Nomor antaran",
    batch: "Masakan",
    portions: "Porsi",
    temp_c: "Suhu saat diterima",
    package: "Kemasan",
  },
  "eaten-at": {
    title: "Dimakan dan sisa",
    subject: "Penerima",
    leftover_kg: "Sisa makanan",
  },
  temperature: {
    title: "Suhu alat",
    point: "Alat",
    temp_c: "Suhu",
    sensor: "Nomor alat",
  },
  incident: {
    title: "Kejadian",
    kind: "Apa?",
    severity: "Seberapa berat?",
    note: "Catatan",
    subject: "Di penerima",
  },
  growth: {
    title: "Timbang dan ukur",
    sex: "Jenis kelamin",
    birth: "Tanggal lahir",
    "birth?": "Hanya umurnya yang dikirim.",
    weight_kg: "Berat",
    height_cm: "Panjang atau tinggi",
    posture: "Cara ukur",
    person: "Anak",
  },
  immunization: {
    title: "Imunisasi",
    antigen: "Vaksin",
    dose: "Dosis ke",
    person: "Anak",
  },
  antenatal: {
    title: "Periksa ibu hamil",
    visit: "Kunjungan ke (K1-K6)",
    hb_g_dl: "Hb",
    person: "Ibu",
  },
  case: {
    title: "Kasus",
    age_years: "Umur (tahun)",
    sex: "Jenis kelamin",
    syndrome: "Dugaan",
    symptoms: "Gejala",
    onset: "Mulai sakit",
    outcome: "Perawatan",
    ate_at: "Makan terakhir dari MBG",
    subject: "Sekolah atau posyandu",
    person: "Pasien",
  },
  count: {
    title: "Hitungan pasien",
    syndrome: "Dugaan",
    cases: "Pasien",
    "cases?": "Hitungan baru untuk orang yang sama: ubah laporan yang lama.",
    inpatients: "Di antaranya rawat inap",
    since: "Sejak",
    subject: "Sekolah atau posyandu",
  },
};

/** Of any task: asked when a report of a closed day is corrected. */
const CORRECTION: Readonly<Record<string, string>> = {
  correctionreason: "Mengapa diperbaiki?",
  correctionother: "Alasan lain",
  "correctionother?": "Dibaca petugas di pusat. Jangan menulis nama orang atau NIK.",
};

export function titleOf(task: string): string {
  return TASKS[task]?.["title"] ?? task;
}

/** Of a field, or of a group's: `present.sd`. */
export function labelOf(task: string, field: string): string {
  const group = field.split(".")[1];
  return (group === undefined ? TASKS[task]?.[field] : GROUPS[group]) ?? CORRECTION[field] ?? field;
}

export function helpOf(task: string, field: string): string {
  return TASKS[task]?.[`${field}?`] ?? CORRECTION[`${field}?`] ?? "";
}

export const OPTIONS = {
  yes: { true: "Ya", false: "Tidak" },
  senses: { true: "Baik", false: "Tidak baik" },
  passed: { true: "Lulus", false: "Tidak lulus" },
  ready: { true: "Ya, siap makan", false: "Tidak, dimasak di sini" },
  sex: { m: "Laki-laki", f: "Perempuan" },
  posture: { lying: "Terlentang", standing: "Berdiri" },
  reasons: REFUSAL_REASONS,
  declined: {
    exam: "Ujian",
    holiday: "Libur",
    trip: "Kegiatan di luar",
    closed: "Tutup",
    refused: "Menolak layanan",
    other: "Lainnya",
  },
  symptoms: {
    mual: "Mual",
    muntah: "Muntah",
    diare: "Diare",
    "sakit perut": "Sakit perut",
    pusing: "Pusing",
    demam: "Demam",
    gatal: "Gatal/ruam",
  },
  package: { fresh: "Segar (dimasak hari ini)", dry: "Kering", bundle: "Paket beberapa hari" },
  test: FOOD_TESTS,
  point: POINTS,
  incident: {
    contamination: "Pencemaran",
    injury: "Cedera",
    equipment: "Alat rusak",
    supply: "Pasokan",
    transport: "Pengantaran",
    other: "Lainnya",
  },
  severity: { "1": "Ringan", "2": "Sedang", "3": "Berat" },
  antigen: {
    HB0: "HB0",
    BCG: "BCG",
    OPV: "Polio tetes",
    IPV: "Polio suntik",
    "DPT-HB-Hib": "DPT-HB-Hib",
    PCV: "PCV",
    RV: "Rotavirus",
    MR: "Campak-Rubela",
  },
  syndrome: { foodborne: "Diduga dari makanan", diarrhoea: "Diare", other: "Lainnya" },
  outcome: { outpatient: "Rawat jalan", inpatient: "Rawat inap", died: "Meninggal" },
  correct: {
    "salah ketik": "Salah ketik",
    "baru selesai dihitung": "Baru selesai dihitung",
    "salah penerima atau masakan": "Salah penerima atau masakan",
    "diminta petugas": "Diminta petugas",
    other: "Lainnya",
  },
  retract: {
    "salah ketik": "Salah ketik",
    "tercatat dua kali": "Tercatat dua kali",
    "bukan dari kami": "Bukan dari kami",
    "tidak jadi": "Tidak jadi",
  },
} as const;

/** Where there is nothing to choose from: what to do first. */
export const NO_CHOICE: Readonly<Record<string, string>> = {
  batch: "Belum ada masakan di HP ini: isi dulu “Selesai masak”.",
  batches: "Belum ada masakan di HP ini: isi dulu “Selesai masak”.",
  subject: "Belum ada penerima yang terdaftar: hubungi Diskominfo.",
};
