/** Names that more than one page shows: short where there is little room (the wall), else long. */

interface Name {
  readonly short: string;
  readonly long: string;
}

export const ALERT_KINDS = {
  delivery_late: { short: "Terlambat", long: "Kiriman terlambat" },
  shortfall: { short: "Kurang", long: "Porsi kurang" },
  over_4h: { short: "> 4 jam", long: "Lebih dari 4 jam sejak dimasak" },
  unsafe_batch: { short: "Uji gagal", long: "Uji makanan gagal" },
  over_capacity: { short: "Kapasitas", long: "Melebihi kapasitas dapur" },
  temperature: { short: "Suhu", long: "Suhu di luar batas" },
  unit_silent: { short: "Diam", long: "Satuan tidak melapor" },
  old_food: { short: "Makanan lama", long: "Makanan lama" },
  food_refused: { short: "Ditolak", long: "Makanan ditolak penerima" },
  illness_reported: { short: "Sakit", long: "Sakit di atas perkiraan" },
  certificate: { short: "SLHS", long: "Sertifikat laik higiene (SLHS)" },
  foodborne_cluster: { short: "Keracunan?", long: "Dugaan keracunan makanan" },
  hold: { short: "Ditahan", long: "Makanan ditahan" },
} as const satisfies Readonly<Record<string, Name>>;

export const GROUPS = {
  paud: { short: "PAUD", long: "PAUD/TK" },
  sd: { short: "SD", long: "SD/MI" },
  smp: { short: "SMP", long: "SMP/MTs" },
  sma: { short: "SMA", long: "SMA/SMK/MA" },
  santri: { short: "Santri", long: "Santri" },
  guru: { short: "Guru", long: "Guru & staf" },
  bumil: { short: "Ibu hamil", long: "Ibu hamil" },
  busui: { short: "Ibu menyusui", long: "Ibu menyusui" },
  balita: { short: "Balita", long: "Balita" },
} as const satisfies Readonly<Record<string, Name>>;

export const AREAS = {
  kabupaten: { short: "Kab.", long: "Kabupaten" },
  kota: { short: "Kota", long: "Kota" },
} as const satisfies Readonly<Record<string, Name>>;

/** Why a recipient refused food. */
export const REFUSAL_REASONS = {
  short: "Kurang jumlahnya",
  late: "Terlambat",
  damaged: "Rusak",
  spoiled: "Basi",
  smell: "Bau tidak sedap",
  foreign_object: "Ada benda asing",
  temperature: "Suhu tidak sesuai",
  wrong_menu: "Menu salah",
  other: "Lainnya",
} as const;

export const FOOD_TESTS = {
  organoleptic: "Indra (lihat, cium, rasa)",
  nitrite: "Nitrit",
  formalin: "Formalin",
  arsenic: "Arsen",
  cyanide: "Sianida",
  other: "Lainnya",
} as const;

/** Where a kitchen's temperature is measured. */
export const POINTS = { chiller: "Lemari dingin", freezer: "Freezer", hot_holding: "Penghangat" } as const;

export const AGE = { seconds: "dtk", minutes: "mnt", hours: "jam", days: "hr" } as const;

/** Why a page gets no data and will get none by itself. */
export const STOPPED = {
  notEnrolled: "Layar ini belum terdaftar",
  noSuchRegion: "Wilayah ini tidak ada di server",
  notAllowed: "Layar ini tidak berhak melihat wilayah ini",
  notUnderstood: "Halaman dan server tidak saling mengerti",
} as const;

/** Id -> name of one length. */
export function named(names: Readonly<Record<string, Name>>, length: keyof Name): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(names).map(([id, name]) => [id, name[length]]));
}
