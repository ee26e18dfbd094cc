/** Words of the desk, as they stand on the screen. */

import { ALERT_KINDS, named } from "./shared";

export const DESK = {
  title: "Meja peringatan",
  views: {
    alerts: "Peringatan",
    clusters: "Dugaan selesai",
    missing: "Belum melapor",
    returns: "Kembalikan laporan",
    refused: "Ditolak",
  },
  user: "Nama pengguna",
  password: "Kata sandi",
  logIn: "Masuk",
  logOut: "Keluar",
  withProvider: "Masuk dengan akun dinas",
  or: "atau",
  /** How a log-in with such an account ended. */
  provider: {
    away: "Layanan akun dinas tidak terjangkau. Coba lagi, atau masuk dengan kata sandi.",
    cancelled: "Masuk dengan akun dinas dibatalkan.",
    failed: "Masuk dengan akun dinas tidak berhasil. Coba lagi; bila terulang, hubungi Diskominfo.",
    no_role:
      "Akun dinas Anda dikenal, tetapi belum diberi peran di meja peringatan. Minta peran kepada pengelola akun dinas (Diskominfo).",
  },
  wrong: "Nama pengguna atau kata sandi salah.",
  slow: "Terlalu banyak percobaan. Coba lagi sebentar lagi.",
  unreachable: "Server tidak terjangkau. Coba lagi.",
  ended: "Sesi berakhir. Silakan masuk lagi.",
  none: "Tidak ada peringatan terbuka.",
  choose: "Pilih satu peringatan di daftar.",
  gone: "Peringatan ini sudah selesai dan tidak ada lagi di daftar.",
  stale: (age: string) => `Terputus. Data terakhir ${age} yang lalu.`,
  waiting: "Menunggu data ...",
  simulated: "SIMULASI",
  severity: { 1: "Pantau", 2: "Waspada", 3: "Siaga" },
  state: { raised: "Belum ditangani", acknowledged: "Ditangani", resolved: "Selesai" },
  assessment: { verified: "Dinyatakan terverifikasi", discarded: "Dinyatakan bukan kejadian", "": "Belum dinilai" },
  kinds: named(ALERT_KINDS, "long"),
  kind: "Jenis",
  unit: "Satuan",
  subject: "Tentang",
  raised: "Muncul",
  updated: "Berubah",
  resolution: "Sebab selesai",
  network: "Jaringan",
  acknowledgedBy: "Ditangani oleh",
  until: "Berlaku sampai",
  assessedBy: "Dinilai oleh",
  note: "Catatan",
  evidence: "Dasar peringatan",
  hidden: "Angka di bawah 5 tidak ditampilkan untuk peran ini.",
  acknowledge: "Saya tangani",
  forHours: "Selama",
  hours: (n: number) => (n === 0 ? "sampai selesai" : `${n} jam`),
  assess: "Penilaian Dinas Kesehatan",
  verified: "Terverifikasi",
  discarded: "Bukan kejadian",
  why: "Alasan (wajib)",
  sent: "Terkirim. Menunggu perubahan pada peringatan ...",
  failed: (status: number) =>
    status === 409
      ? "Tidak terkirim: peringatan ini sudah berubah atau selesai."
      : `Tidak terkirim (${status}). Coba lagi.`,
  hold: "Tahan makanan",
  holdOpen: "Tahan makanan ...",
  holdWhat:
    "Penerima yang dipilih diminta berhenti membagikan dan memakan masakan ini, lalu mengonfirmasi satu per satu.",
  batch: "Masakan (batch)",
  recipients: "Penerima",
  all: "Semua",
  nobody: "Tidak satu pun",
  holdWhy: "Alasan dan yang harus dilakukan (terlihat oleh penerima)",
  holdGo: (n: number) => `Tahan di ${n} penerima`,
  holdAt: (time: string) => `makan ${time}`,
  stopped: (confirmed: number, of: number) =>
    confirmed < of
      ? `${confirmed} dari ${of} sudah berhenti`
      : `Semua penerima sudah berhenti (${confirmed} dari ${of})`,
  stoppedAt: (time: string, eaten: boolean) => `berhenti ${time}${eaten ? ", sebagian sudah dimakan" : ""}`,
  ordered: (who: string) => `Diperintahkan oleh ${who}`,
  notYet: "belum menjawab",
  minutesToLast: (minutes: number) => `Semua menjawab dalam ${minutes} menit.`,
  eatenAt: (n: number) => `Di ${n} penerima sebagian sudah dimakan.`,
  release: "Cabut penahanan",
  releaseWhy: "Alasan mencabut (wajib)",
  steps: "Langkah berikutnya",
  stepDone: (who: string, time: string) => `${who}, ${time}`,
  cases: "Kasus menurut penerima",
  casesMap: "Peta kasus menurut penerima",
  kindOf: { school: "sekolah", pesantren: "pesantren", posyandu: "posyandu" },
  people: (n: number) => (n === 0 ? "belum ada" : `${n} orang`),
  few: "1–4 orang",
  kitchen: "dapur",
  nameless: "Tanpa penerima (pasien tidak menyebut sekolah, pesantren, atau posyandu)",
  example: "Data contoh: bukan tempat sebenarnya.",
  missing: "Belum melapor",
  missingWhat:
    "Dapur tanpa laporan kiriman dan penerima tanpa laporan apa pun hari ini, yang jam makannya sudah lewat. Yang libur atau sudah menyatakan tidak melayani tidak ditanya.",
  missingFailed: "Daftar tidak dapat diambil. Dicoba lagi sebentar lagi.",
  missingSum: (missing: number, due: number, by: string) =>
    due === 0
      ? `Sampai pukul ${by} belum ada yang harus melapor.`
      : missing === 0
        ? `Semua ${due} yang harus melapor sampai pukul ${by} sudah melapor.`
        : `${missing} dari ${due} yang harus melapor sampai pukul ${by} belum melapor.`,
  kecamatan: "Kecamatan",
  copy: "Salin untuk WhatsApp",
  copied: "Tersalin.",
  copyByHand: "Peramban ini tidak mengizinkan penyalinan. Sentuh teks ini, lalu salin:",
  returnReport: "Kembalikan laporan",
  returnWhat:
    "Laporan muncul di formulir pengirimnya dengan alasan ini, sampai diperbaiki atau dibatalkan di sana. Angkanya tetap dihitung sampai saat itu.",
  returnSource: "ID dapur, klinik, atau penerima",
  returnDays: "Kejadian dalam",
  days: (n: number) => (n === 1 ? "24 jam terakhir" : `${n} hari terakhir`),
  returnType: "Jenis laporan",
  returnAll: "Semua, kecuali suhu alat",
  returnList: "Tampilkan laporan",
  returnChoose: (name: string) => `Laporan ${name}: pilih satu`,
  returnNone: "Tidak ada laporan dalam waktu itu.",
  returnMore: "Ada yang lebih lama: pilih satu jenis, atau waktu yang lebih pendek.",
  returnHidden: "Laporan tentang orang sakit dan pasien hanya terlihat oleh peran Dinas Kesehatan.",
  returnFew: "1–4",
  returnCorrection: "perbaikan",
  returnByHand: "ID laporan sudah diketahui",
  returnId: "ID laporan (kolom id di pantau.events, versi terbaru)",
  returnWhy: "Alasan dan yang harus diperbaiki (terlihat oleh pengirim; tanpa NIK atau nama orang)",
  returnSent: "Terkirim. Pengirim melihatnya saat formulirnya terhubung.",
  returnListRefused: {
    403: "Peran Anda tidak boleh mengembalikan laporan.",
    404: "Pengirim ini tidak terdaftar.",
    503: "Daftar laporan tidak tersedia sekarang. Coba lagi sebentar lagi.",
  } as Readonly<Record<number, string>>,
  returnRefused: {
    400: "Tidak terkirim: jenis laporan tidak sesuai pengirimnya, atau isiannya memuat NIK.",
    403: "Tidak terkirim: peran Anda tidak boleh mengembalikan laporan.",
    404: "Tidak terkirim: pengirim tidak terdaftar, atau tidak punya laporan dengan ID itu dalam 30 hari terakhir.",
    409: "Tidak terkirim: laporan itu sudah diperbaiki atau dibatalkan. Tampilkan lagi daftarnya, lalu pilih versi terbaru.",
  } as Readonly<Record<number, string>>,
  refused: "Laporan yang ditolak",
  refusedWhat:
    "Yang ditolak dan belum diurus, menurut hari, pengirim, dan sebab. Isinya tidak ditampilkan di sini. Satu kiriman menyimpan paling banyak seratus laporan; selebihnya satu baris “masih ada laporan lain”.",
  refusedDays: "Ditolak dalam",
  localDays: (n: number) => (n === 1 ? "hari ini" : `${n} hari terakhir`),
  refusedNone: "Tidak ada yang menunggu diurus dalam waktu itu.",
  refusedSum: (letters: number, sources: number, more: boolean) =>
    `${more ? "Lebih dari " : ""}${letters} laporan dari ${sources} pengirim menunggu diurus.`,
  refusedMore: "Daftar ini penuh: masih ada baris lain. Pilih waktu yang lebih pendek.",
  refusedFailed: "Daftar tidak dapat diambil. Coba lagi sebentar lagi.",
  refusedUnknown: "pengirim tidak terdaftar",
  refusedAgain: (n: number) => `${n} sudah dikirim ulang dan ditolak lagi`,
  refusedDo: "Perbaiki dulu sebabnya. Lalu kirim ulang atau buang di server, dengan alasan:",
  refusedCommands: ["pantau dead-letters retry", "pantau dead-letters discard"],
  over: "Dugaan yang sudah selesai",
  overWhat:
    "Dugaan keracunan makanan yang selesai dalam 35 hari terakhir, yang terakhir selesai lebih dulu. Dinas Kesehatan dapat menilainya saat hasil laboratorium datang.",
  overSum: (all: number, unassessed: number) =>
    all === 0
      ? "Tidak ada dugaan yang selesai dalam waktu itu."
      : unassessed === 0
        ? `${all} dugaan, semua sudah dinilai.`
        : `${all} dugaan, ${unassessed} belum dinilai.`,
  overFailed: "Daftar tidak dapat diambil. Coba lagi sebentar lagi.",
  overMore: "Daftar ini penuh: masih ada yang selesai lebih dulu.",
  overLot: (lot: string) => `Lot ${lot}`,
  overNameless: (patients: string) => `${patients} tanpa penerima`,
  overAssess: "Nilai dugaan ini",
  overAgain: "Ubah penilaian",
  ill: "Sakit",
  word: "Penilaian",
  noDelivery: "dapur, belum ada laporan kiriman",
  noReport: "belum konfirmasi",
  caution: "Ini sinyal, bukan vonis. Menyatakan kejadian adalah wewenang Dinas Kesehatan.",
} as const;

/** Why an alert is over. */
export const RESOLUTIONS: Readonly<Record<string, string>> = {
  received: "sudah diterima",
  reported_late: "datang tepat waktu, terlambat dilaporkan",
  declined: "dibatalkan penerima",
  day_ended: "hari berakhir",
  nothing_received: "menjadi kiriman terlambat",
  acknowledged: "sudah dicatat petugas",
  corrected: "laporan dikoreksi",
  in_range: "suhu kembali normal",
  heard: "sudah melapor",
  closed: "jam kerja berakhir",
  as_expected: "laporan berikutnya wajar",
  "72_hours": "72 jam berlalu",
  valid: "sertifikat berlaku",
  unit_not_active: "satuan tidak aktif",
  no_new_case: "72 jam tanpa kasus baru",
  lifted: "penahanan dicabut",
  batch_over: "semua penerima sudah menghentikan",
};

/** Types of reports by who sends them. */
export const REPORTS = {
  sppg: {
    of: "Dapur",
    types: {
      "sppg.ingredient.received": "Bahan datang",
      "sppg.cooking.finished": "Selesai masak",
      "sppg.food.tested": "Uji makanan",
      "sppg.dispatch.departed": "Berangkat",
      "sppg.delivery.received": "Diterima penerima",
      "sppg.meal.eaten": "Dimakan dan sisa",
      "sppg.temperature.measured": "Suhu alat",
      "sppg.incident.reported": "Kejadian",
    },
  },
  clinic: {
    of: "Klinik",
    types: {
      "clinic.growth.measured": "Timbang dan ukur",
      "clinic.immunization.given": "Imunisasi",
      "clinic.antenatal.visited": "Periksa ibu hamil",
      "clinic.case.reported": "Kasus",
      "clinic.cases.counted": "Hitungan pasien",
    },
  },
  recipient: {
    of: "Penerima",
    types: {
      "recipient.delivery.checked": "Makanan datang",
      "recipient.attendance.reported": "Hadir hari ini",
      "recipient.meal.eaten": "Dimakan dan sisa",
      "recipient.service.declined": "Tidak melayani hari ini",
      "recipient.illness.noticed": "Ada yang sakit",
    },
  },
} as const;

/** What a report's figures are, in the list to choose one from. */
export const REPORT_FACTS: Readonly<Record<string, string>> = {
  batch: "masakan",
  trip: "antaran",
  item: "bahan",
  point: "alat",
  test: "uji",
  portions: "porsi",
  refused: "ditolak",
  eaten: "dimakan",
  present: "hadir",
  leftover_g: "sisa (g)",
  core_temp_c: "suhu inti (°C)",
  temp_c: "suhu (°C)",
  absent_ill: "sakit",
  ill: "sakit",
  cases: "pasien",
  inpatients: "rawat inap",
};
