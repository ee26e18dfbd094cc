/** Words of the receiving side and of days off, as they stand on the wall. */

export const WORDS = {
  difference: "Beda",
  noService: "Bukan hari layanan",
  dayOff: "Libur",
  none: "Belum ada konfirmasi penerima",
  confirmed: (share: string, refused: string) => `Dikonfirmasi ${share} % · ditolak ${refused}`,
  reporting: (reporting: string, expected: string) => `${reporting} dari ${expected} melapor`,
  notServed: "Tidak melayani",
  recipients: (n: string, why: string) => `${n} penerima${why ? ` (${why})` : ""}`,
  more: (n: number) => `+${n} lainnya`,
} as const;
