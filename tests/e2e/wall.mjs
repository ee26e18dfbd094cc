// The wall in a headless Chromium, driven line by line: a JSON object in, a JSON object out.
// node wall.mjs URL    ops: look, shot {path}, complaints; the end of stdin closes the browser.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const web = createRequire(new URL("../../dashboard_ws/web/package.json", import.meta.url));
const load = (name) => import(pathToFileURL(web.resolve(name)));
const { default: Chromium } = await load("@sparticuz/chromium");
const { default: playwright } = await load("playwright-core");

const say = (thing) => process.stdout.write(`${JSON.stringify(thing)}\n`);
const browser = await playwright.chromium.launch({
  executablePath: await Chromium.executablePath(),
  args: [...Chromium.args, "--no-sandbox"],
  headless: true,
});
const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
const complaints = [];
page.on("pageerror", (error) => complaints.push(String(error)));

const OPS = {
  look: () =>
    page.evaluate(() => {
      const text = (selector) => document.querySelector(selector)?.textContent?.trim() ?? "";
      return {
        hash: location.hash,
        link: text("header .link"),
        totals: [...document.querySelectorAll(".totals .hero")].map((one) => one.textContent.trim()),
        grey: document.querySelector(".stage.cut") !== null,
        banner: text(".banner"),
      };
    }),
  shot: async ({ path }) => {
    await page.screenshot({ path });
    return {};
  },
  complaints: () => complaints,
};

await page.goto(process.argv[2]);
say({ open: true });
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  say(await OPS[asked.op](asked));
}
await browser.close();
