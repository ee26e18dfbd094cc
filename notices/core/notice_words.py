"""Words of messages, as people read them. The one place for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from notices.core.known_alert import What

SEVERITY: Final = {1: "PANTAU", 2: "WASPADA", 3: "SIAGA"}
WHAT: Final[Mapping[What, str]] = {
    "new": "BARU",
    "again": "MUNCUL LAGI",
    "worse": "MEMBURUK",
    "ran_out": "PENANGANAN BERAKHIR",
    "escalated": "BELUM DITANGANI",
    "acknowledged": "DITANGANI",
    "assessed": "DINILAI",
    "resolved": "SELESAI",
}
KIND: Final = {
    "delivery_late": "Kiriman terlambat",
    "shortfall": "Porsi kurang",
    "over_4h": "Lebih dari 4 jam sejak dimasak",
    "unsafe_batch": "Uji makanan gagal",
    "over_capacity": "Melebihi kapasitas dapur",
    "temperature": "Suhu di luar batas",
    "unit_silent": "Satuan tidak melapor",
    "old_food": "Makanan lama",
    "food_refused": "Makanan ditolak penerima",
    "illness_reported": "Sakit di atas perkiraan",
    "certificate": "Sertifikat laik higiene (SLHS)",
    "foodborne_cluster": "Dugaan keracunan makanan",
    "hold": "Makanan ditahan",
}
RESOLUTION: Final = {
    "received": "sudah diterima",
    "lifted": "penahanan dicabut",
    "batch_over": "semua penerima sudah menghentikan",
    "reported_late": "datang tepat waktu, terlambat dilaporkan",
    "declined": "dibatalkan penerima",
    "day_ended": "hari berakhir",
    "nothing_received": "menjadi kiriman terlambat",
    "acknowledged": "sudah dicatat petugas",
    "corrected": "laporan dikoreksi",
    "in_range": "suhu kembali normal",
    "heard": "sudah melapor",
    "closed": "jam kerja berakhir",
    "as_expected": "laporan berikutnya wajar",
    "72_hours": "72 jam berlalu",
    "valid": "sertifikat berlaku",
    "unit_not_active": "satuan tidak aktif",
    "no_new_case": "72 jam tanpa kasus baru",
}
ASSESSMENT: Final = {"verified": "terverifikasi", "discarded": "bukan kejadian"}
FACT: Final = {
    "late": "terdaftar {registered} porsi, jam makan {meal_time}",
    "short": "diterima {received} dari {registered} porsi",
    "minutes": "{minutes} menit sejak dimasak, {portions} porsi",
    "unsafe": "{recipients} penerima, {portions} porsi",
    "capacity": "{portions} porsi, kapasitas {capacity}",
    "temperature": "{lowest} sampai {highest} °C",
    "network": "{silent} dari {watched} satuan",
    "old": "{recipients} penerima",
    "refused": "{refused} porsi ditolak",
    "illness": "sakit {ill}, absen sakit {absent_ill}",
    "certificate": "berlaku sampai {until}",
    "no_certificate": "tidak ada yang berlaku",
    "stopped": "{confirmed_count} dari {recipient_count} penerima sudah menghentikan",
    "cluster": "{people} orang sakit, {recipients} penerima",
}
NETWORK: Final = "jaringan"
SIMULATED: Final = "SIMULASI"
FEW: Final = "kurang dari {fewest}"
BY: Final = "oleh {who}"
UNTIL: Final = "sampai {time}"
SINCE: Final = "sejak {time}"
FOLLOWERS: Final = "dan {count} lain karena sebab yang sama"
SEVERAL: Final = "{count} peringatan ({ids})"
MORE_IDS: Final = "..."
OTHERS: Final = "dan {count} peringatan lain: lihat dinding atau meja peringatan."
CAUTION: Final = "Ini sinyal, belum vonis. Menyatakan kejadian adalah wewenang Dinas Kesehatan."
ASK: Final = "Tangani di meja peringatan: sebut nomornya."
TITLE: Final = "Pantau {region}: {first}"
TITLE_MORE: Final = "Pantau {region}: {first}, +{more}"
TEST: Final = "Uji coba pesan Pantau {region}. Tidak ada yang perlu dilakukan."
TEST_TITLE: Final = "Pantau {region}: uji coba"
