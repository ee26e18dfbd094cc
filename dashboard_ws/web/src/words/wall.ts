/** Words of the receiving side and of days off, as they stand on the wall. */

import { ALERT_KINDS, GROUPS, named } from "./shared";

export const WORDS = {
  attention: "Perlu perhatian",
  nothing: "Tidak ada saat ini",
  counted: (open: number, acknowledged: number) => `${open} baru · ${acknowledged} diakui`,
  /** When it was acknowledged finds no room beside it: the desk says it. */
  acknowledged: (who: string) => `✓ ${who.slice(0, 6)}`,
  stopped: (confirmed: number, of: number) => `${confirmed} dari ${of} sudah`,
  network: "Jaringan",
  alerts: named(ALERT_KINDS, "short"),
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
  groups: named(GROUPS, "short"),
  more: (n: number) => `+${n} lainnya`,
} as const;
