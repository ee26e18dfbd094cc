import { test } from "vitest";
import { launch } from "./browser";
test("real", async () => {
  const url = process.env["WALL"] ?? "";
  const browser = await launch();
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  const page = await context.newPage();
  page.on("console", (m) => console.log("console", m.type(), m.text()));
  page.on("pageerror", (e) => console.log("pageerror", String(e)));
  page.on("websocket", (ws) => { ws.on("close", () => console.log("ws close")); });
  await page.goto(url);
  const waits = (process.env["WAITS"] ?? "6").split(",").map(Number);
  for (const [i, s] of waits.entries()) {
    await page.waitForTimeout(s * 1000);
    await page.screenshot({ path: `/tmp/real_${i}.png` });
    console.log(i, (await page.evaluate(() => document.body.innerText)).replaceAll("\n", " | ").slice(0, 400));
  }
  await browser.close();
}, 580000);
