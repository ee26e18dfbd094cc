/** The built wall in a real browser: what stands on it, what happens when the link goes, and what weeks would do to it. */

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launch, open, type View } from "./browser";
import { rowsOf, type Scene } from "./fixture";
import { Gateway } from "./gateway";

const NINE: Scene = { day: "2026-11-24", minute: 545 };
const SCENES: Record<string, Scene> = {
  "before the first report": { day: "2026-11-24", minute: 55, quiet: true },
  "at nine": NINE,
  "a simulated noon with alerts": {
    day: "2026-11-24",
    minute: 735,
    simulated: true,
    unknown: [0, 270],
    alerts: true,
    hold: [6, 9],
  },
  "when all went as it should": {
    day: "2026-11-24",
    minute: 900,
    perfect: true,
    questions: { dispatched_less_than_received: 114 },
  },
  "when ClickHouse cannot be asked": { day: "2026-11-24", minute: 900, perfect: true, questions: null },
  "when all is stale": { day: "2026-11-24", minute: 640, age: 42 },
  "when all is gone": { day: "2026-11-24", minute: 640, age: 120 },
  "on a named day off": { day: "2026-12-01", minute: 600, quiet: true, dayOff: "Hari Raya Idulfitri 1447 H" },
  "on a day off of schools": { day: "2026-12-22", minute: 700, schoolsOff: "libur semester ganjil" },
  "on a Sunday": { day: "2026-11-22", minute: 600, quiet: true },
  "a simulation whose data is stale": { day: "2026-11-24", minute: 640, age: 42, simulated: true },
};

let browser: Browser;
let gateway: Gateway;
let url: string;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

beforeEach(async () => {
  gateway = new Gateway(NINE);
  url = await gateway.start();
});
afterEach(async () => {
  await page.context().close();
  await gateway.stop();
});

async function wall(view?: View): Promise<void> {
  ({ page, complaints } = await open(browser, url, view));
  await page.getByText("SPPG").first().waitFor();
  await expect.poll(() => gateway.said.some((message) => message["op"] === "subscribe")).toBe(true);
  await page.locator(".tiles rect, .totals .none").first().waitFor();
  await page.waitForTimeout(300);
}

const text = (): Promise<string> => page.evaluate(() => document.body.innerText);

/** Text below 16 arc-minutes, and whatever does not fit its box or its stage. */
function faults(): string[] {
  const least = 16 * parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--a"));
  const stage = document.querySelector("main")?.getBoundingClientRect() ?? new DOMRect();
  const scale = stage.width / 1920;
  const found: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const own = node.textContent?.trim() ?? "";
    const parent = node.parentElement;
    if (own === "" || parent === null || parent.closest("noscript, script")) continue;
    const style = getComputedStyle(parent);
    if (style.visibility === "hidden") continue;
    // Text in a drawing is as large as the drawing makes it.
    const svg = parent.closest("svg");
    const zoom = svg ? (svg.getScreenCTM()?.a ?? 0) / scale : 1;
    const size = parseFloat(style.fontSize) * zoom;
    if (size < least - 0.05) found.push(`small: "${own}" ${size.toFixed(1)} < ${least.toFixed(1)}`);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const panel = parent.closest("section, header")?.getBoundingClientRect() ?? stage;
    const slack = 2 * scale;
    if (box.right > panel.right + slack || box.bottom > panel.bottom + slack * 4 || box.left < panel.left - slack) {
      found.push(
        `outside: "${own}" by ${(box.right - panel.right).toFixed(0)}, ${(box.bottom - panel.bottom).toFixed(0)}`,
      );
    }
  }
  for (const element of document.querySelectorAll<HTMLElement>("section, section *, header, .text, .name")) {
    if (getComputedStyle(element).visibility === "hidden" || element.scrollWidth <= element.clientWidth + 1) continue;
    if (element instanceof SVGElement || getComputedStyle(element).display === "inline") continue;
    found.push(`wide: <${element.tagName} ${element.className}> ${element.innerText.slice(0, 30)}`);
  }
  return found;
}

describe("what stands on the wall", () => {
  for (const [name, scene] of Object.entries(SCENES)) {
    it(`is readable at 5 m and fits, ${name}`, async () => {
      gateway.show(scene);
      await wall();
      expect(await page.evaluate(faults)).toEqual([]);
      expect(complaints).toEqual([]);
    });
  }

  it("is the same stage on a 4K screen of two pixels each, and on a desk", async () => {
    for (const view of [{ scale: 2 }, { width: 1366, height: 768 }, { width: 3840, height: 2160 }]) {
      await wall(view);
      expect(await page.evaluate(faults)).toEqual([]);
      const box = await page.locator("main").boundingBox();
      expect(box?.width).toBeCloseTo(Math.min(view.width ?? 1920, ((view.height ?? 1080) * 16) / 9), 0);
      if (view !== undefined && view.height !== 2160) await page.context().close();
    }
  });

  it("are the day's totals with their target, and who reports", async () => {
    await wall();
    const body = await text();
    const total = rowsOf(NINE).find((row) => row.key === "performance/kabupaten/32.11/1d");
    expect(body).toContain(Number(total?.["portions_received"]).toLocaleString("id-ID"));
    expect(body).toContain("/ 365.000");
    expect(body).toContain("114/114 SPPG");
    expect(body).toContain("LANGSUNG");
    expect(body).toContain("data contoh");
    expect(body).not.toContain("SIMULASI");
    expect(await page.locator("[role=alert]").count()).toBe(0);
  });

  it("is what recipients confirmed, who is not served, and the name of a day off", async () => {
    await wall();
    const body = await text();
    expect(body).toMatch(/Dikonfirmasi 9\d % · ditolak 114 · 912 dari 1\.386 melapor/);
    expect(body).toContain("Dari yang hadir 93 % makan · 2.617 absen sakit");
    expect(body).toContain(
      "Tidak melayani: 30 sekolah (ujian akhir semester) · Ibu hamil: pindah hari (2 posyandu) · +1 lainnya",
    );
    await page.context().close();
    gateway.show({ day: "2026-12-01", minute: 600, quiet: true, dayOff: "Natal" });
    await wall();
    expect(await text()).toContain("Libur: Natal");
  });

  it("says of each alert since when, also of one that is acknowledged and of a hold", async () => {
    gateway.show({ ...NINE, alerts: true, hold: [6, 9] });
    await wall();
    const lines = await page.locator("ol li:has(.since)").allInnerTexts();
    const shown = lines.map((line) => line.replace(/\s+/g, " ").trim());
    expect(shown).toContain("08:41 Ditahan Wado 04 6 dari 9 sudah");
    expect(shown).toContain("08:39 > 4 jam Darmaraja 02 ✓ dadan");
    expect(shown.filter((line) => /^\d\d:\d\d /.test(line))).toHaveLength(6);
  });

  it("draws equal shares as long as each other, however long their counts are", async () => {
    gateway.show({ day: "2026-11-24", minute: 900, perfect: true });
    await wall();
    const quality = page.locator("section", { hasText: "Mutu" });
    await expect.poll(() => quality.locator("b").allTextContents()).toEqual(["100 %", "100 %"]);
    const counts = await quality.locator(".n").allTextContents();
    expect(new Set(counts.map((text) => text.length)).size).toBe(2);
    const widths = await quality.locator(".track").evaluateAll((all) => all.map((one) => one.clientWidth));
    expect(new Set(widths).size).toBe(1);
  });

  it("says that it is a simulation", async () => {
    gateway.show({ ...NINE, simulated: true });
    await wall();
    expect(await text()).toContain("SIMULASI");
  });

  it("says that nothing was reported, and shows no zero for it", async () => {
    gateway.show({ day: "2026-11-24", minute: 55, quiet: true });
    await wall();
    expect(await text()).toContain("Belum ada laporan hari ini");
    expect(await page.locator(".hero").allInnerTexts()).toEqual(["–", "–", "–", "–"]);
  });

  it("shows no zero of a kind that nobody has reported yet", async () => {
    gateway.show({ day: "2026-11-24", minute: 400 });
    await wall();
    const totals = page.locator(".totals section");
    expect(await totals.first().locator(".hero").innerText()).toMatch(/^[1-9]/);
    expect(await totals.last().innerText()).toMatch(/Dikonsumsi\s+–\s+Belum ada laporan/);
    expect(await page.locator("path[fill^='var(--c']").count()).toBe(0);
    const groups = page.locator("section", { hasText: "Kelompok" });
    expect(new Set(await groups.locator("dd").allInnerTexts())).toEqual(new Set(["–"]));
  });

  it("says that a Sunday is no day of service", async () => {
    gateway.show({ day: "2026-11-22", minute: 600, quiet: true });
    await wall();
    expect(await text()).toContain("Bukan hari layanan");
  });

  it("dims a value with its age after its ttl, and takes it off after three", async () => {
    gateway.show({ day: "2026-11-24", minute: 640, age: 42 });
    await wall();
    expect(await page.locator(".totals .stale").count()).toBe(4);
    expect(await text()).toContain("data 42 mnt");
    expect(await text()).toContain("TERTUNDA 42 mnt");
    gateway.show({ day: "2026-11-24", minute: 640, age: 120 });
    await expect.poll(() => page.locator(".hero").allInnerTexts()).toEqual(["--", "--", "--", "--"]);
    expect(await text()).toContain("· 08:40");
  });

  it("hides small counts of the clinics", async () => {
    await wall();
    expect(await page.locator("dl", { hasText: "Keracunan" }).innerText()).toContain("<5");
  });
});

describe("the link", () => {
  it("that is cut greys the whole stage and says since when; coming back goes on where it was", async () => {
    await wall();
    // Waits between tries are drawn by lot: let them be short ones.
    await page.evaluate(() => (Math.random = () => 0.02));
    gateway.cut();
    const banner = page.locator("[role=alert]");
    await banner.waitFor({ timeout: 20_000 });
    expect(await banner.innerText()).toContain("Terputus sejak 09:05");
    expect(await banner.innerText()).toContain("data terakhir 09:05");
    expect(await page.locator(".stage").evaluate((stage) => getComputedStyle(stage).filter)).toContain("grayscale(1)");
    expect(await text()).toContain("TERPUTUS");
    expect(await page.evaluate(faults)).toEqual([]);
    gateway.said.length = 0;
    gateway.mend();
    await banner.waitFor({ state: "detached", timeout: 35_000 });
    const subscribed = gateway.said.find((message) => message["op"] === "subscribe");
    expect(subscribed).toMatchObject({ region: "32.11", since: { epoch: "e1", seq: 1 } });
    expect(await page.locator(".stage").evaluate((stage) => getComputedStyle(stage).filter)).toBe("none");
  });

  it("a gap in the deltas asks again from where the wall stands", async () => {
    await wall();
    gateway.said.length = 0;
    gateway.send({ op: "delta", from: 7, seq: 8, rows: [], gone: [] });
    await expect
      .poll(() => gateway.said)
      .toEqual([expect.objectContaining({ op: "subscribe", since: { epoch: "e1", seq: 1 } })]);
  });

  it("ended for good says so, and does not knock again", async () => {
    await wall();
    gateway.close(4403);
    await page.locator("[role=alert]").waitFor();
    await new Promise((later) => setTimeout(later, 1_500));
    expect(gateway.clients).toBe(0);
  });

  it("the code leaves the address, the token stays, and a reload needs no code", async () => {
    await wall();
    expect(page.url()).toBe(`${url}/`);
    await page.reload();
    await expect.poll(() => text()).toContain("114/114 SPPG");
  });

  it("a new code enrols an open page again", async () => {
    await wall();
    await page.evaluate(() => localStorage.clear());
    await page.evaluate(() => (location.hash = "#code=another"));
    await expect.poll(() => page.evaluate(() => localStorage.getItem("pantau.token") ?? "")).toContain("t");
    await expect.poll(() => text()).toContain("114/114 SPPG");
    expect(page.url()).toBe(`${url}/`);
  });

  it("a screen without a token says that it is not enrolled", async () => {
    const context = await browser.newContext();
    page = await context.newPage();
    await page.goto(url);
    await expect.poll(() => text()).toContain("Layar ini belum terdaftar");
  });
});

it("three thousand updates leave the page as large as it was", async () => {
  await wall();
  const nodes = (): Promise<number> => page.evaluate(() => document.getElementsByTagName("*").length);
  const heap = async (): Promise<number> => {
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = (await session.send("Runtime.getHeapUsage")) as { usedSize: number };
    await session.detach();
    return usedSize / 1e6;
  };
  const rows = rowsOf(NINE).filter((row) => row.topic === "performance");
  const update = (from: number, to: number): void => {
    for (let n = from; n < to; n += 1) {
      gateway.delta(
        rows
          .map((row) => ({ ...row, portions_received: Number(row["portions_received"]) + (n % 20) }))
          .slice(n % 100, (n % 100) + 15),
      );
    }
  };
  update(0, 300);
  await page.waitForTimeout(500);
  const before = [await nodes(), await heap()] as const;
  update(300, 3_300);
  await expect.poll(() => page.evaluate(() => document.readyState), { timeout: 20_000 }).toBe("complete");
  gateway.delta([
    { ...rowsOf(NINE).find((row) => row.key === "performance/kabupaten/32.11/1d")!, portions_received: 123_456 },
  ]);
  await expect.poll(() => text(), { timeout: 20_000 }).toContain("123.456");
  expect(await nodes()).toBe(before[0]);
  expect((await heap()) - before[1]).toBeLessThan(1);
});
