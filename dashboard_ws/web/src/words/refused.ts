/** Why an event was refused and what whoever runs Pantau does about it, in Bahasa Indonesia. */

const PROGRAM = "Program pengirim salah: perbaiki programnya, lalu buang yang lama.";
const TIMES = "Waktu di dalam laporan tidak cocok satu sama lain: minta pengirim memperbaiki dan mengirim lagi.";

export const REFUSED_CAUSES: Readonly<Record<string, string>> = {
  unknown_unit:
    "Satuan tidak terdaftar pada hari itu: tambahkan barisnya (paling cepat berlaku besok), atau betulkan alatnya.",
  unknown_recipient:
    "Penerima tidak terdaftar pada hari itu: tambahkan barisnya (paling cepat berlaku besok), atau betulkan alatnya.",
  wrong_kind: "Jenis laporan bukan untuk satuan ini: betulkan pendaftaran alatnya.",
  foreign_source: "Izin milik satuan lain: daftarkan alatnya lagi (pantau device enrol --unit ID).",
  in_future: "Jam alat terlalu cepat: betulkan jamnya.",
  too_old: "Lebih dari 30 hari yang lalu: tidak dihitung lagi. Cari tahu mengapa alat itu lama tanpa jaringan.",
  conflict: "Satu ID dipakai untuk dua isi yang berbeda: program pengirim harus memakai ID baru.",
  wrong_correction: "Perbaikan menunjuk laporan jenis lain: minta pengirim mengirimnya sebagai laporan baru.",
  self_superseding: "Perbaikan menunjuk dirinya sendiri. " + PROGRAM,
  nik: "Ada NIK: angkanya tidak disimpan. Ajari pengirimnya; laporan ini tidak dapat dikirim ulang.",
  too_large: "Lebih dari 64 KiB. " + PROGRAM,
  more_refused: "Selebihnya dari satu kiriman yang banyak ditolak: urus baris lain dari pengirim itu dulu.",
  wrong_partition: "Ditulis ke bagian Kafka yang salah. " + PROGRAM,
  not_json: "Bukan JSON. " + PROGRAM,
  not_an_event: "Bukan laporan. " + PROGRAM,
  bad_source: "Nama sumber tidak berbentuk /wilayah/jenis/satuan. " + PROGRAM,
  missing_field: "Ada isian yang tidak dikirim. " + PROGRAM,
  unknown_field: "Ada isian yang tidak dikenal. " + PROGRAM,
  unknown_type: "Jenis laporan tidak dikenal. " + PROGRAM,
  out_of_range: "Ada angka di luar batas yang wajar: minta pengirim memeriksanya.",
  no_offset: "Waktu tanpa zona. " + PROGRAM,
  not_rfc3339: "Waktu tidak terbaca. " + PROGRAM,
  cooked_at_after_time: TIMES,
  cooked_at_too_early: TIMES,
  made_at_after_time: TIMES,
  onset_after_time: TIMES,
  ate_at_after_onset: TIMES,
  since_after_time: TIMES,
};
