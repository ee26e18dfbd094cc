/** All words of the form, in Bahasa Indonesia. */

export const GROUPS: Readonly<Record<string, string>> = {
  paud: "PAUD/TK", sd: "SD/MI", smp: "SMP/MTs", sma: "SMA/SMK/MA", santri: "Santri", guru: "Guru & staf",
  bumil: "Ibu hamil", busui: "Ibu menyusui", balita: "Balita",
};

/** Task -> title, labels of its fields, and help of a field (its name with "?"). Groups have their own names. */
export const TASKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  check: {
    title: "Makanan datang", portions: "Porsi diterima", senses_passed: "Dilihat, dicium, dicicipi", refused: "Porsi ditolak",
    reasons: "Mengapa?", temp_c: "Suhu makanan", trip: "Nomor antaran",
  },
  attendance: {
    title: "Hadir hari ini", absent_ill: "Tidak hadir karena sakit",
  },
  eaten: {
    title: "Dimakan dan sisa", leftover_kg: "Sisa makanan",
  },
  declined: {
    title: "Tidak melayani hari ini", reason: "Karena", groups: "Untuk siapa? (kosong: semua)",
  },
  illness: {
    title: "Ada yang sakit", ill: "Berapa orang?", "ill?": "Laporan ini ke Dinas Kesehatan; dapur tidak melihatnya.",
    since: "Mulai sakit", symptoms: "Gejala",
  },
  ingredient: {
    title: "Bahan datang", item: "Bahan", supplier: "Pemasok", lot: "Nomor lot", ready_to_eat: "Siap makan?", made_at: "Dibuat",
    temp_c: "Suhu saat datang",
  },
  cook: {
    title: "Selesai masak", batch: "Nama masakan (batch)", portions: "Porsi", core_temp_c: "Suhu inti", lots: "Dari bahan",
  },
  test: {
    title: "Uji makanan", batch: "Masakan", test: "Uji", passed: "Hasil",
  },
  dispatch: {
    title: "Berangkat", trip: "Nomor antaran", batches: "Masakan", portions: "Porsi",
  },
  delivery: {
    title: "Diterima penerima", subject: "Penerima", trip: "Nomor antaran", batch: "Masakan", portions: "Porsi",
    temp_c: "Suhu saat diterima", package: "Kemasan",
  },
  "eaten-at": {
    title: "Dimakan dan sisa", subject: "Penerima", leftover_kg: "Sisa makanan",
  },
  temperature: {
    title: "Suhu alat", point: "Alat", temp_c: "Suhu", sensor: "Nomor alat",
  },
  incident: {
    title: "Kejadian", kind: "Apa?", severity: "Seberapa berat?", note: "Catatan", subject: "Di penerima",
  },
  growth: {
    title: "Timbang dan ukur", sex: "Jenis kelamin", birth: "Tanggal lahir", "birth?": "Hanya umurnya yang dikirim.",
    weight_kg: "Berat", height_cm: "Panjang atau tinggi", posture: "Cara ukur", person: "Anak",
  },
  immunization: {
    title: "Imunisasi", antigen: "Vaksin", dose: "Dosis ke", person: "Anak",
  },
  antenatal: {
    title: "Periksa ibu hamil", visit: "Kunjungan ke (K1-K6)", hb_g_dl: "Hb", person: "Ibu",
  },
  case: {
    title: "Kasus", age_years: "Umur (tahun)", sex: "Jenis kelamin", syndrome: "Dugaan", symptoms: "Gejala",
    onset: "Mulai sakit", outcome: "Perawatan", ate_at: "Makan terakhir dari MBG", subject: "Sekolah atau posyandu",
    person: "Pasien",
  },
  count: {
    title: "Hitungan pasien", syndrome: "Dugaan", cases: "Pasien",
    "cases?": "Hitungan baru untuk orang yang sama: ubah laporan yang lama.", inpatients: "Di antaranya rawat inap",
    since: "Sejak", subject: "Sekolah atau posyandu",
  },
};

export function titleOf(task: string): string {
  return TASKS[task]?.["title"] ?? task;
}

/** Of a field, or of a group's: `present.sd`. */
export function labelOf(task: string, field: string): string {
  const group = field.split(".")[1];
  return (group === undefined ? TASKS[task]?.[field] : GROUPS[group]) ?? field;
}

export function helpOf(task: string, field: string): string {
  return TASKS[task]?.[`${field}?`] ?? "";
}

export const OPTIONS = {
  yes: { true: "Ya", false: "Tidak" },
  senses: { true: "Baik", false: "Tidak baik" },
  passed: { true: "Lulus", false: "Tidak lulus" },
  ready: { true: "Ya, siap makan", false: "Tidak, dimasak di sini" },
  sex: { m: "Laki-laki", f: "Perempuan" },
  posture: { lying: "Terlentang", standing: "Berdiri" },
  reasons: {
    short: "Kurang jumlahnya", late: "Terlambat", damaged: "Rusak", spoiled: "Basi", smell: "Bau tidak sedap",
    foreign_object: "Ada benda asing", temperature: "Suhu tidak sesuai", wrong_menu: "Menu salah", other: "Lainnya",
  },
  declined: { exam: "Ujian", holiday: "Libur", trip: "Kegiatan di luar", closed: "Tutup", refused: "Menolak layanan", other: "Lainnya" },
  symptoms: { mual: "Mual", muntah: "Muntah", diare: "Diare", "sakit perut": "Sakit perut", pusing: "Pusing", demam: "Demam", gatal: "Gatal/ruam" },
  package: { fresh: "Segar (dimasak hari ini)", dry: "Kering", bundle: "Paket beberapa hari" },
  test: { organoleptic: "Indra (lihat, cium, rasa)", nitrite: "Nitrit", formalin: "Formalin", arsenic: "Arsen", cyanide: "Sianida", other: "Lainnya" },
  point: { chiller: "Lemari dingin", freezer: "Freezer", hot_holding: "Penghangat" },
  incident: { contamination: "Pencemaran", injury: "Cedera", equipment: "Alat rusak", supply: "Pasokan", transport: "Pengantaran", other: "Lainnya" },
  severity: { "1": "Ringan", "2": "Sedang", "3": "Berat" },
  antigen: {
    HB0: "HB0", BCG: "BCG", OPV: "Polio tetes", IPV: "Polio suntik", "DPT-HB-Hib": "DPT-HB-Hib", PCV: "PCV", RV: "Rotavirus", MR: "Campak-Rubela",
  },
  syndrome: { foodborne: "Diduga dari makanan", diarrhoea: "Diare", other: "Lainnya" },
  outcome: { outpatient: "Rawat jalan", inpatient: "Rawat inap", died: "Meninggal" },
  retract: { "salah ketik": "Salah ketik", "tercatat dua kali": "Tercatat dua kali", "bukan dari kami": "Bukan dari kami", "tidak jadi": "Tidak jadi" },
} as const;

/** What is wrong with a refused report, and what to do. */
export const REFUSED: Readonly<Record<string, string>> = {
  nik: "Ada angka yang mirip NIK. NIK tidak boleh dikirim: hapus angka itu.",
  too_large: "Isian terlalu panjang: perpendek catatannya.",
  missing_field: "Ada isian yang belum diisi.",
  unknown_field: "Formulir di HP ini lama: muat ulang, lalu kirim lagi.",
  unknown_type: "Formulir di HP ini lama: muat ulang, lalu kirim lagi.",
  not_json: "Formulir di HP ini lama: muat ulang, lalu kirim lagi.",
  not_an_event: "Formulir di HP ini lama: muat ulang, lalu kirim lagi.",
  bad_source: "Formulir di HP ini lama: muat ulang, lalu kirim lagi.",
  no_offset: "Waktunya tidak terbaca: isi lagi waktunya.",
  not_rfc3339: "Waktunya tidak terbaca: isi lagi waktunya.",
  out_of_range: "Ada angka di luar batas yang wajar: periksa lagi.",
  foreign_source: "Laporan ini milik satuan lain: daftarkan HP ini untuk satuan itu.",
  self_superseding: "Perbaikan ini menunjuk dirinya sendiri: kirim lagi.",
  in_future: "Waktunya lebih dari 5 menit di depan: periksa waktunya.",
  too_old: "Waktunya lebih dari 30 hari yang lalu: tidak dapat diterima lagi.",
  unknown_unit: "Satuan atau dapur ini tidak terdaftar pada hari itu: hubungi Diskominfo.",
  unknown_recipient: "Penerima ini tidak terdaftar pada hari itu: hubungi Diskominfo.",
  wrong_kind: "Jenis laporan ini bukan untuk satuan ini: hubungi Diskominfo.",
  cooked_at_after_time: "Waktu masak sesudah waktu diterima: periksa keduanya.",
  cooked_at_too_early: "Waktu masak lebih dari 30 hari sebelum diterima: periksa lagi.",
  made_at_after_time: "Waktu dibuat sesudah waktu diterima: periksa keduanya.",
  onset_after_time: "Waktu mulai sakit sesudah waktu laporan: periksa keduanya.",
  ate_at_after_onset: "Waktu makan sesudah mulai sakit: periksa keduanya.",
  since_after_time: "Waktu mulai sesudah waktu laporan: periksa keduanya.",
  http_400: "Server tidak dapat membaca laporan ini: tunjukkan kepada Diskominfo.",
  http_413: "Laporan ini terlalu besar: tunjukkan kepada Diskominfo.",
  http_415: "Server tidak menerima bentuk laporan ini: tunjukkan kepada Diskominfo.",
};

export const WORDS = {
  title: "Lapor MBG",
  back: "Kembali",
  save: "Simpan",
  saveChange: "Simpan perbaikan",
  saved: "Tersimpan di HP",
  optional: "boleh kosong",
  now: "sekarang",
  change: "ubah",
  minus: (label: string) => `Kurangi ${label}`,
  plus: (label: string) => `Tambah ${label}`,
  happened: "Waktu kejadian",
  quarter: "−15 mnt",
  hour: "−1 jam",
  missing: (labels: string) => `Belum diisi: ${labels}`,
  outOfRange: (label: string, min: string, max: string) => `${label}: antara ${min} dan ${max}`,
  yesterday: (count: string) => `kemarin ${count}`,
  simulated: "SIMULASI",
  synthetic: "data contoh",

  waiting: (count: number) => `Tersimpan di HP, belum terkirim (${count})`,
  allSent: "Semua terkirim",
  nothingYet: "Belum ada laporan",
  toMend: (count: number) => `Perlu diperbaiki (${count})`,
  sending: "Mengirim …",
  away: "Tanpa jaringan: dikirim sendiri begitu ada",
  sendNow: "Kirim sekarang",
  overdue: "Ada laporan yang lebih dari 24 jam belum terkirim. Cari jaringan, atau simpan sebagai berkas dan serahkan ke Diskominfo.",
  exported: "Simpan sebagai berkas",
  foreign: (count: number) => `${count} laporan satuan lain menunggu: daftarkan HP ini lagi untuk satuan itu.`,
  clockWrong: (off: string, time: string) => `Jam HP ini salah ${off}. Sekarang pukul ${time}; laporan memakai waktu yang benar.`,
  minutes: (count: number) => `${count} menit`,
  hours: (count: number) => `${count} jam`,
  clockAhead: "lebih cepat",
  clockBehind: "lebih lambat",
  restored: (count: number) => `Penyimpanan HP sempat terhapus. ${count} laporan yang belum terkirim dipulihkan, tidak ada yang hilang.`,
  notPersisted: "Pasang formulir ini di layar utama HP agar simpanannya tidak dihapus HP.",
  newVersion: "Ada versi baru",
  reload: "Muat ulang",

  history: "Laporan hari ini dan kemarin",
  states: { waiting: "belum terkirim", sent: "terkirim", stored: "terkirim, tercatat di pusat", refused: "perlu diperbaiki", aside: "disisihkan", dropped: "dibuang" },
  corrected: "waktu dibetulkan",
  correction: "perbaikan",
  mend: "Perbaiki",
  edit: "Ubah",
  withdraw: "Batalkan",
  withdrawn: "Dibatalkan",
  drop: "Buang",
  tryAgain: "Coba kirim lagi",
  why: "Mengapa dibatalkan?",
  sureDrop: "Buang laporan ini? Tidak dapat dikembalikan.",

  enrolTitle: "Daftarkan HP ini",
  enrolHow: "Pindai kode QR dari Diskominfo dengan kamera HP, atau buka tautannya di sini. Kode berlaku 10 menit dan untuk satu HP saja.",
  enrolWiped: "Pernah terdaftar? Berarti penyimpanan HP ini telah dihapus. Yang sudah terkirim tetap aman; minta kode baru.",
  enrolPaste: "Tautan atau kode",
  enrolGo: "Daftar",
  enrolling: "Mendaftarkan …",
  enrolBad: "Kode ini tidak berlaku (lagi). Minta kode baru.",
  enrolAway: "Server tidak terjangkau. Periksa jaringan, lalu coba lagi.",
  enrolAgain: "Izin HP ini sudah berakhir atau dicabut. Laporan tetap tersimpan; minta kode baru.",
  enrolOther: "Daftarkan untuk satuan lain",
  noStore: "HP ini tidak mengizinkan penyimpanan (mode samaran?). Buka di jendela biasa.",

  today: "Hari ini",
  notServedToday: (why: string) => `Hari ini tidak dilayani${why ? `: ${why}` : ""}`,
  registered: (count: string) => `${count} terdaftar`,
  mealTime: (time: string) => `makan pukul ${time}`,
  safeUntil: (time: string) => `aman sampai ${time}`,
  overdueFood: (time: string) => `LEWAT ${time}: jangan dibagikan`,
  cookedAgo: (minutes: number) => `dimasak ${minutes} mnt lalu`,
  portions: (count: number) => `${count} porsi`,
  refusedPortions: (count: number) => `ditolak ${count}`,
  attendance: (present: number, ill: number) => `hadir ${present}, sakit ${ill}`,
  leftover: (kg: number) => `sisa ${kg} kg`,
  people: (count: number) => `${count} orang`,
  patients: (count: number) => `${count} pasien`,
  visit: (count: number) => `K${count}`,
  celsius: (degrees: number) => `${degrees} °C`,
  measured: (kg: number, cm: number) => `${kg} kg · ${cm} cm`,
  step: (at: number, of: number) => `Langkah ${at} dari ${of}`,
  next: "Lanjut",
  totals: { cooked: "Dimasak", sent: "Dikirim", received: "Diterima", eaten: "Dimakan" },
  quickAll: (count: string) => `Diterima semua: ${count} porsi, baik`,
  done: "sudah",

  nik: "NIK (16 angka)",
  nikHelp: "NIK diubah menjadi kode rahasia di HP ini dan tidak pernah dikirim atau disimpan.",
  nikBad: "NIK harus 16 angka yang sah. Tanpa NIK? Pakai nomor register.",
  noNik: "Tanpa NIK",
  register: "Nomor register di fasilitas ini",
  samePerson: "Orang yang sama seperti sebelumnya",
  otherPerson: "Ganti orang",
  noKey: "HP ini belum punya kunci kode rahasia: minta kode pendaftaran baru.",
} as const;
