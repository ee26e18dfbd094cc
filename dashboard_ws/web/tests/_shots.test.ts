import { test } from "vitest";
import { launch, open } from "./browser";
import { Gateway } from "./gateway";
import type { Scene } from "./fixture";
test("shots", async () => {
const scenes: Record<string, Scene> = {
  morning: { day: "2026-11-24", minute: 55, quiet: true },
  nine: { day: "2026-11-24", minute: 545 },
  noon: { day: "2026-11-24", minute: 735, simulated: true, unknown: [0, 270], alerts: true },
  eve: { day: "2026-11-24", minute: 1120 },
  sunday: { day: "2026-11-22", minute: 600, quiet: true },
  stale: { day: "2026-11-24", minute: 640, age: 42 },
  gone: { day: "2026-11-24", minute: 640, age: 120 },
};
const pick = (process.env["PICK"] ?? "").split(",").filter(Boolean);
const browser = await launch();
console.log(browser.version());
for (const [name, scene] of Object.entries(scenes)) {
  if (pick.length && !pick.includes(name) && !(name==='nine' && pick.includes('cut'))) continue;
  const gateway = new Gateway(scene);
  const url = await gateway.start();
  const { page, complaints } = await open(browser, url, { scale: pick.includes('4k') ? 2 : 1 });
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `/tmp/shot_${name}.png` });
  if (complaints.length) console.log(name, complaints);
  if (name === "nine" && (pick.length===0 || pick.includes('cut'))) { gateway.cut(); await page.waitForTimeout(16500); await page.screenshot({ path: `/tmp/shot_cut.png` }); gateway.mend(); }
  await page.close();
  await gateway.stop();
}
await browser.close();

}, 200000);
