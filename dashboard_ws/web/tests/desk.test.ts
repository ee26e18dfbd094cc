/** The built desk in a real browser: who may, what stands in an alert, and what a person does about it. */

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { launch, open, type View } from "./browser";
import { momentOf, SCHOOLS, type Scene } from "./fixture";
import { Gateway } from "./gateway";

const NOON: Scene = { day: "2026-11-24", minute: 735, alerts: true };
const PHONE: View = { width: 390, height: 844 };

let browser: Browser;
let gateway: Gateway;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

beforeEach(async () => {
  gateway = new Gateway(NOON);
});
afterEach(async () => {
  await page.context().close();
  await gateway.stop();
});

async function desk(role: string, password: string, view?: View): Promise<void> {
  ({ page, complaints } = await open(browser, await gateway.start(), view, "/desk"));
  await page.getByLabel("Nama pengguna").fill(role);
  await page.getByLabel("Kata sandi").fill(password);
  await page.getByRole("button", { name: "Masuk" }).click();
}

async function overflow(): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

it("lets nobody in with a wrong password", async () => {
  await desk("desk", "salah");
  await page.getByText("Nama pengguna atau kata sandi salah.").waitFor();
  expect(await page.getByRole("button", { name: "Saya tangani" }).count()).toBe(0);
});

it("lets in who has an account of the provider, and ends that session too", async () => {
  gateway.hasProvider = true;
  ({ page, complaints } = await open(browser, await gateway.start(), PHONE, "/desk"));
  await page.getByRole("link", { name: "Masuk dengan akun dinas" }).click();
  await page.locator("ul button").first().waitFor();
  expect(new URL(page.url()).hash).toBe("");
  await page.getByRole("button", { name: "Keluar" }).click();
  await page.getByLabel("Kata sandi").waitFor();
  expect(gateway.acts).toEqual([{ path: "/v1/desk/oidc/end", body: {} }]);
  expect(complaints).toEqual([]);
});

it("says why an account of the provider may not in, and offers it only where there is a provider", async () => {
  ({ page, complaints } = await open(browser, await gateway.start(), PHONE, "/desk#sso=no_role"));
  await page.getByText("belum diberi peran di meja peringatan").waitFor();
  await page.getByRole("button", { name: "Masuk" }).waitFor();
  expect(await page.getByRole("link", { name: "Masuk dengan akun dinas" }).count()).toBe(0);
  expect(await page.evaluate(() => location.hash)).toBe("");
});

it("goes back within the desk by the browser's Back, and stays where it was after a reload", async () => {
  await desk("desk", "benar", PHONE);
  await page.locator("ul button").first().click();
  await page.getByText("lebih dari (menit): 240").waitFor();
  await page.getByRole("button", { name: "Belum melapor" }).click();
  await page.locator("main.wide").waitFor();
  await page.reload();
  await page.locator("main.wide").waitFor();
  await page.goBack();
  await page.getByText("lebih dari (menit): 240").waitFor();
  await page.goBack();
  await page.getByText("lebih dari (menit): 240").waitFor({ state: "detached" });
  expect(new URL(page.url()).pathname).toBe("/desk");
});

it("shows whoever logs in next no page of another role", async () => {
  await desk("desk", "benar");
  await page.getByRole("button", { name: "Dugaan selesai" }).click();
  await page.locator("main.wide").waitFor();
  await page.getByRole("button", { name: "Keluar" }).click();
  await page.getByLabel("Nama pengguna").fill("admin");
  await page.getByLabel("Kata sandi").fill("benar");
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.locator("ul button").first().waitFor();
  expect(await page.getByRole("button", { name: "Dugaan selesai" }).count()).toBe(0);
});

it("shows the gravest first and acknowledges for an hour", async () => {
  await desk("desk", "benar", PHONE);
  const first = page.locator("ul button").first();
  await first.waitFor();
  expect(await first.innerText()).toContain("Siaga · Belum ditangani");
  await first.click();
  await page.getByText("lebih dari (menit): 240").waitFor();
  await page.getByLabel("Catatan").fill("kami telepon dapur");
  await page.getByRole("button", { name: "Saya tangani" }).click();
  await page.getByText("Terkirim.").waitFor();
  const [act] = gateway.acts;
  expect(act?.path).toMatch(/^\/v1\/alerts\/A\d+\/ack$/);
  expect(act?.body["note"]).toBe("kami telepon dapur");
  const until = Date.parse(String(act?.body["until"])) - momentOf(NOON) - 3_600_000;
  expect(Math.abs(until)).toBeLessThan(60_000);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  expect(complaints).toEqual([]);
});

it("shows where the cases of a suspected cluster are, also those that are not to be counted", async () => {
  await desk("desk", "benar", PHONE);
  await page.getByRole("button", { name: "Dugaan keracunan makanan" }).first().click();
  const map = page.getByRole("img", { name: "Peta kasus menurut penerima" });
  await map.waitFor();
  const radii = await map.locator("circle").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
  expect(radii).toHaveLength(9);
  expect(radii[0]! / radii[1]!).toBeCloseTo(Math.sqrt(23 / 9), 1);
  expect(await map.locator("circle.few").count()).toBe(2);
  expect(await map.locator("rect").count()).toBe(1);
  const frame = (await map.boundingBox())!;
  for (const mark of await map.locator("circle, rect").all()) {
    const { x, y, width, height } = (await mark.boundingBox())!;
    expect(x >= frame.x && x + width <= frame.x + frame.width).toBe(true);
    expect(y >= frame.y && y + height <= frame.y + frame.height).toBe(true);
  }
  const beside = await page.locator("section li").allInnerTexts();
  expect(beside[1]).toMatch(/SDN Contoh 1 sekolah\s+23 orang/);
  expect(beside.filter((one) => one.includes("1–4 orang"))).toHaveLength(2);
  expect(await page.locator(".nameless").innerText()).toContain("7 orang");
  gateway.show(NOON);
  gateway.show({ ...NOON, minute: 736 });
  await expect.poll(() => gateway.asked).toBe(2);
  gateway.show({ ...NOON, minute: 736 });
  await page.waitForTimeout(300);
  expect(gateway.asked).toBe(2);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  expect(complaints).toEqual([]);
});

it("lists what to do next, and who has done it", async () => {
  await desk("desk", "benar", PHONE);
  await page.getByRole("button", { name: "Dugaan keracunan makanan" }).first().click();
  const report = page.getByLabel("Sampaikan laporan W1");
  expect(await report.isChecked()).toBe(false);
  await report.check();
  await page.getByText("Terkirim.").waitFor();
  expect(gateway.acts).toEqual([{ path: "/v1/alerts/A0/steps", body: { step: "lapor-w1", done: true } }]);
  const at = "2026-11-24T05:14:00Z";
  const old = { step: "lama", text: "Langkah yang dihapus dari daftar", by: "ratna", at };
  gateway.show({ ...NOON, steps: [{ step: "lapor-w1", text: "", by: "dadan", at }, old] });
  await page.getByText("dadan, 12:14").waitFor();
  expect(await report.isChecked()).toBe(true);
  expect(await page.getByLabel(old.text).isDisabled()).toBe(true);
  await report.uncheck();
  await expect.poll(() => gateway.acts.at(-1)?.body).toEqual({ step: "lapor-w1", done: false });
  expect(complaints).toEqual([]);
});

it("lets only the health office assess a cluster, with a reason", async () => {
  await desk("health", "benar");
  await page.getByRole("button", { name: "Dugaan keracunan makanan" }).first().click();
  const discarded = page.getByRole("button", { name: "Bukan kejadian" });
  expect(await discarded.isDisabled()).toBe(true);
  await page.getByLabel("Alasan").fill("flu di sekolah");
  await discarded.click();
  await expect.poll(() => gateway.acts.length).toBe(1);
  expect(gateway.acts[0]?.body).toEqual({ assessment: "discarded", note: "flu di sekolah" });
});

it("shows clusters that are over, and takes the health office's word on them", async () => {
  await desk("health", "benar", PHONE);
  await page.getByRole("button", { name: "Dugaan selesai" }).click();
  await page.getByText("2 dugaan, 1 belum dinilai.").waitFor();
  const first = page.locator("li").first();
  expect(await first.innerText()).toMatch(
    /G1 · SPPG Contoh Wado 01 SPPG-3211-0001\s+Muncul\s+Sen 16 Nov 13:12 WIB\s+Selesai\s+Kam 19 Nov 15:40 WIB, 72 jam tanpa kasus baru\s+Sakit\s+23 orang, 3 orang tanpa penerima\s+Penilaian\s+Belum dinilai/,
  );
  await first.getByRole("button", { name: "Nilai dugaan ini" }).click();
  const verified = first.getByRole("button", { name: "Terverifikasi" });
  expect(await verified.isDisabled()).toBe(true);
  await first.getByLabel("Alasan").fill("B. cereus pada sampel nasi");
  await page.route("**/assess", async (route) => route.fulfill({ status: 503, body: "{}" }), { times: 1 });
  await verified.click();
  await page.getByText("Tidak terkirim (503). Coba lagi.").waitFor();
  await verified.click();
  await page.getByText("Terkirim.").waitFor();
  const note = "B. cereus pada sampel nasi";
  expect(gateway.acts).toEqual([{ path: "/v1/alerts/g1/assess", body: { assessment: "verified", note } }]);
  gateway.word = { assessment: "verified", assessed_by: "ratna", assessed_at: "2026-11-24T05:15:00Z", note };
  await page.getByText("2 dugaan, semua sudah dinilai.").waitFor();
  expect(await first.innerText()).toMatch(
    /Dinyatakan terverifikasi, ratna, 24\/11\s+Catatan\s+B\. cereus pada sampel nasi/,
  );
  expect(await page.getByText("Terkirim.").count()).toBe(0);
  expect(await overflow()).toBeLessThanOrEqual(0);
  // The browser itself notes the answer 503.
  expect(complaints.filter((one) => !one.includes("503"))).toEqual([]);
});

it("shows clusters that are over to the role desk without small counts, and to no administration", async () => {
  await desk("desk", "benar");
  await page.getByRole("button", { name: "Dugaan selesai" }).click();
  await page.getByText("2 dugaan, 1 belum dinilai.").waitFor();
  const [first, lot] = await page.locator("li").allInnerTexts();
  expect(first).toContain("23 orang, 1–4 orang tanpa penerima");
  expect(lot).toMatch(
    /G2 · Lot Tani Makmur\/L-7[^]*laporan dikoreksi[^]*1–4 orang\s+Penilaian\s+Dinyatakan bukan kejadian, ratna, 13\/11/,
  );
  expect(await page.getByRole("button", { name: /Nilai dugaan|Ubah penilaian/ }).count()).toBe(0);
  await page.getByRole("button", { name: "Keluar" }).click();
  await page.getByLabel("Nama pengguna").fill("admin");
  await page.getByLabel("Kata sandi").fill("benar");
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("button", { name: "Ditolak" }).waitFor();
  expect(await page.getByRole("button", { name: "Dugaan selesai" }).count()).toBe(0);
  expect(complaints).toEqual([]);
});

it("holds a batch at the recipients that are chosen, with a reason", async () => {
  await desk("desk", "benar", PHONE);
  await page.getByRole("button", { name: "Uji makanan gagal" }).click();
  await page.getByRole("button", { name: "Tahan makanan ..." }).click();
  const stop = page.getByRole("button", { name: "Tahan di 9 penerima" });
  await stop.waitFor();
  expect(await stop.isDisabled()).toBe(true);
  await page.getByLabel("SDN Contoh 4").uncheck();
  await page.getByLabel("Alasan dan yang harus dilakukan").fill("uji nitrit gagal");
  await page.getByRole("button", { name: "Tahan di 8 penerima" }).click();
  await page.getByText("Terkirim.").waitFor();
  const recipients = SCHOOLS.map((one) => one.id).filter((id) => id !== "npsn:20203");
  expect(gateway.acts.map((one) => one.body)).toEqual([{ batch: "B-2", note: "uji nitrit gagal", recipients }]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});

it("shows who has not stopped first, and lets the health office lift a hold", async () => {
  gateway.show({ ...NOON, hold: [6, 9] });
  await desk("health", "benar");
  await page.getByRole("button", { name: "Makanan ditahan" }).click();
  await page.getByRole("heading", { name: "6 dari 9 sudah berhenti" }).waitFor();
  await page.getByText("SDN Contoh 9").waitFor();
  const lines = await page.locator("article ul li").allInnerTexts();
  expect(lines.slice(0, 3).every((line) => line.includes("belum menjawab"))).toBe(true);
  expect(lines.filter((line) => line.includes("sebagian sudah dimakan"))).toHaveLength(1);
  gateway.show({ ...NOON, hold: [9, 9] });
  await page.getByText("Semua menjawab dalam 12 menit.").waitFor();
  await page.getByLabel("Alasan mencabut").fill("uji ulang baik");
  await page.getByRole("button", { name: "Cabut penahanan" }).click();
  await page.getByText("Terkirim.").waitFor();
  expect(gateway.acts).toEqual([{ path: "/v1/alerts/hold-1/release", body: { note: "uji ulang baik" } }]);
});

it("lets nobody of the desk alone lift a hold", async () => {
  gateway.show({ ...NOON, hold: [9, 9] });
  await desk("desk", "benar");
  await page.getByRole("button", { name: "Makanan ditahan" }).click();
  const all = "Semua penerima sudah berhenti (9 dari 9)";
  await page.getByRole("heading", { name: all }).waitFor();
  expect(await page.getByRole("button", { name: "Makanan ditahan" }).innerText()).toContain(`Siaga · ${all}`);
  expect(await page.locator("article .state").innerText()).toBe(`Siaga · ${all}`);
  expect(await page.getByRole("button", { name: "Cabut penahanan" }).count()).toBe(0);
});

it("lists who has not reported, by kecamatan, and copies it as a message", async () => {
  await desk("desk", "benar", PHONE);
  gateway.knowsReports = false;
  await page.getByRole("button", { name: "Belum melapor" }).click();
  await page.getByText("Daftar tidak dapat diambil.").waitFor();
  gateway.knowsReports = true;
  await page.getByRole("button", { name: "Peringatan" }).click();
  await page.getByRole("button", { name: "Belum melapor" }).click();
  await page.getByText("3 dari 31 yang harus melapor sampai pukul 12:14 belum melapor.").waitFor();
  expect(await page.locator("article h3").allInnerTexts()).toEqual(["Kecamatan Wado (2)", "Kecamatan Darmaraja (1)"]);
  expect(await page.locator("article li").first().innerText()).toContain(
    "dapur, belum ada laporan kiriman · makan 08:30",
  );
  await page.getByLabel("Kecamatan").selectOption({ label: "Darmaraja" });
  await page.getByText("1 dari 4 yang harus melapor").waitFor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Salin untuk WhatsApp" }).click();
  await page.getByText("Tersalin.").waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("*Belum melapor*\n- 1 satuan");
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  // The browser itself notes the answer 503.
  expect(complaints.filter((one) => !one.includes("503"))).toEqual([]);
});

it("gives the message to be copied by hand where the browser does not let the page copy", async () => {
  await desk("desk", "benar");
  await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await page.getByRole("button", { name: "Belum melapor" }).click();
  await page.getByRole("button", { name: "Salin untuk WhatsApp" }).click();
  const text = page.getByLabel("Peramban ini tidak mengizinkan penyalinan");
  expect(await text.inputValue()).toBe("*Belum melapor*\n- 3 satuan");
});

it("gives a report that is chosen from a list back to its source with a reason, and says what is wrong", async () => {
  await desk("desk", "benar", PHONE);
  await page.getByRole("button", { name: "Kembalikan laporan" }).click();
  const send = page.locator("form").getByRole("button", { name: "Kembalikan laporan" });
  expect(await send.isDisabled()).toBe(true);
  await page.getByLabel("ID dapur, klinik, atau penerima").fill("npsn:20200 ");
  await page.getByRole("button", { name: "Tampilkan laporan" }).click();
  await page.getByText("Laporan SDN Contoh 1: pilih satu").waitFor();
  const shown = await page.locator("fieldset").innerText();
  expect(shown).toContain("hadir 283, sakit 1–4");
  expect(shown).toContain("antaran T-1, porsi 283, ditolak 12, suhu (°C) 61,5");
  expect(shown).toContain("hanya terlihat oleh peran Dinas Kesehatan");
  await page.getByRole("radio", { name: "Hadir hari ini" }).check();
  await page.getByLabel("Alasan dan yang harus diperbaiki").fill("Yang sakit lebih banyak daripada yang hadir");
  await page.route("**/v1/reports/return", async (route) => route.fulfill({ status: 409, body: "{}" }), { times: 1 });
  await send.click();
  await page.getByText("sudah diperbaiki atau dibatalkan").waitFor();
  await send.click();
  await page.getByText("Terkirim.").waitFor();
  const body = {
    source: "npsn:20200",
    id: "r2",
    type: "recipient.attendance.reported",
    note: "Yang sakit lebih banyak daripada yang hadir",
  };
  expect(gateway.acts).toEqual([{ path: "/v1/reports/return", body }]);
  expect(await overflow()).toBeLessThanOrEqual(0);
  // The browser itself notes the answer 409.
  expect(complaints.filter((one) => !one.includes("409"))).toEqual([]);
});

it("gives a report back whose id is known from elsewhere", async () => {
  await desk("health", "benar");
  await page.getByRole("button", { name: "Kembalikan laporan" }).click();
  await page.getByLabel("ID dapur, klinik, atau penerima").fill("npsn:20200");
  await page.getByText("ID laporan sudah diketahui").click();
  await page.locator("details").getByLabel("Jenis laporan").selectOption({ label: "Ada yang sakit" });
  await page.getByLabel("ID laporan").fill("0192f3a0-7c1e-7b7e-8f00-2f6f1d6b9a11");
  await page.getByLabel("Alasan dan yang harus diperbaiki").fill("Tertukar");
  await page.locator("form").getByRole("button", { name: "Kembalikan laporan" }).click();
  await page.getByText("Terkirim.").waitFor();
  expect(gateway.acts[0]?.body).toMatchObject({ type: "recipient.illness.noticed", note: "Tertukar" });
});

it("shows the administration what was refused, by day and sender, with what to do", async () => {
  await desk("admin", "benar", PHONE);
  await page.getByRole("button", { name: "Ditolak" }).click();
  await page.getByText("49 laporan dari 3 pengirim menunggu diurus.").waitFor();
  const shown = await page.locator("article").innerText();
  expect(shown).toContain("SDN Contoh 1 npsn:20200");
  expect(shown).toContain("pantau dead-letters list --code out_of_range --unit SPPG-3211-0001");
  expect(shown).toContain("2 sudah dikirim ulang dan ditolak lagi");
  expect(shown).toContain("pengirim tidak terdaftar");
  expect(await overflow()).toBeLessThanOrEqual(0);
  expect(complaints).toEqual([]);
});

it("shows what was refused to the administration alone", async () => {
  await desk("health", "benar");
  await page.getByRole("button", { name: "Kembalikan laporan" }).waitFor();
  expect(await page.getByRole("button", { name: "Ditolak" }).count()).toBe(0);
});

it("lets nobody of the administration give a report back", async () => {
  await desk("admin", "benar");
  await page.getByRole("button", { name: "Belum melapor" }).waitFor();
  expect(await page.getByRole("button", { name: "Kembalikan laporan" }).count()).toBe(0);
});

it("says when its data is old", async () => {
  await desk("desk", "benar");
  await page.locator("ul button").first().waitFor();
  gateway.cut();
  await page.getByText(/Terputus\. Data terakhir/).waitFor();
});
