/** One headless Chromium for all browser tests, from a package: nothing is downloaded when tests run. */

import Chromium from "@sparticuz/chromium";
import { chromium, type Browser, type Page } from "playwright-core";

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: await Chromium.executablePath(),
    // Made for one page and one process; ours has several. As root, as in containers, there is no sandbox.
    args: [...Chromium.args.filter((flag) => !["--single-process", "--no-zygote"].includes(flag)), "--no-sandbox"],
    headless: true,
  });
}

export interface View {
  readonly width?: number;
  readonly height?: number;
  readonly scale?: number;
}

/** A page at the wall's address with a code, or at `path`, and all that it complained about. */
export async function open(
  browser: Browser,
  url: string,
  view: View = {},
  path = "/#code=once",
): Promise<{ page: Page; complaints: string[] }> {
  const { width = 1920, height = 1080, scale = 1 } = view;
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${url}${path}`);
  return { page, complaints };
}
