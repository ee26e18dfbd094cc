/** The built desk in a real browser: who may, what stands in an alert, and what a person does about it. */

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { launch, open, type View } from "./browser";
import { momentOf, type Scene } from "./fixture";
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

it("lets nobody in with a wrong password", async () => {
  await desk("desk", "salah");
  await page.getByText("Nama pengguna atau kata sandi salah.").waitFor();
  expect(await page.getByRole("button", { name: "Saya tangani" }).count()).toBe(0);
});

it("shows the gravest first and acknowledges for an hour", async () => {
  await desk("desk", "benar", PHONE);
  const first = page.locator("ul button").first();
  await first.waitFor();
  expect(await first.innerText()).toContain("Siaga · Belum ditangani");
  await first.click();
  await page.getByText("most_min 240").waitFor();
  await page.getByLabel("Catatan").fill("kami telepon dapur");
  await page.getByRole("button", { name: "Saya tangani" }).click();
  await page.getByText("Terkirim.").waitFor();
  const [act] = gateway.acts;
  expect(act?.path).toMatch(/^\/v1\/alerts\/A\d+\/ack$/);
  expect(act?.body["note"]).toBe("kami telepon dapur");
  const until = Date.parse(act?.body["until"] ?? "") - momentOf(NOON) - 3_600_000;
  expect(Math.abs(until)).toBeLessThan(60_000);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
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

it("says when its data is old", async () => {
  await desk("desk", "benar");
  await page.locator("ul button").first().waitFor();
  gateway.cut();
  await page.getByText(/Terputus\. Data terakhir/).waitFor();
});
