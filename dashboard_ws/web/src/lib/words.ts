/** Words of the receiving side and of days off, as they stand on the wall. */

export const WORDS = {
  difference: "Beda",
  noService: "Bukan hari layanan",
  dayOff: "Libur",
  none: "Belum ada konfirmasi penerima",
  confirmed: (share: string, refused: string) => `Dikonfirmasi ${share} % · ditolak ${refused}`,
  reporting: (reporting: string, expected: string) => `${reporting} dari ${expected} melapor`,
  attended: (share: string) => `Dari yang hadir ${share} % makan`,
  absentIll: (n: string) => `${n} absen sakit`,
  notServed: "Tidak melayani",
  allServed: "Semua penerima dilayani hari ini",
  declined: (n: string) => `${n} orang batal hari ini`,
  kinds: { school: "sekolah", pesantren: "pesantren", posyandu: "posyandu", "": "penerima" },
  groups: {
    paud: "PAUD",
    sd: "SD",
    smp: "SMP",
    sma: "SMA",
    santri: "Santri",
    guru: "Guru",
    bumil: "Ibu hamil",
    busui: "Ibu menyusui",
    balita: "Balita",
  },
  more: (n: number) => `+${n} lainnya`,
} as const;
