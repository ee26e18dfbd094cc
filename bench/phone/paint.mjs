// The form's first and second visit on a slow phone, as a JSON object on stdout.
// node paint.mjs INGEST LINK KBIT_DOWN KBIT_UP RTT_MS CPU_TIMES    LINK: a school link. KBIT_DOWN 0: no limit.
//
// The network is a proxy: what the browser's own throttle slows is the page alone, not its service worker. Each new connection waits
// two round trips, as TCP and TLS 1.3 do; all connections share the line. The growth of TCP's window is not part of it.

import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const web = createRequire(new URL("../../dashboard_ws/web/package.json", import.meta.url));
const load = (name) => import(pathToFileURL(web.resolve(name)));
const { default: Chromium } = await load("@sparticuz/chromium");
const { default: playwright } = await load("playwright-core");

const [ingest, link, ...numbers] = process.argv.slice(2);
const [down, up, rtt, cpu] = numbers.map(Number);
const target = new URL(ingest);
const ARGS = Chromium.args.filter((flag) => !["--single-process", "--no-zygote"].includes(flag));
const QUIET_MS = 4_000;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** One direction of the line, which carries one byte after the other. */
class Direction {
  bytes = 0;
  #free = 0;

  constructor(kbit) {
    this.kbit = kbit;
  }

  async carry(bytes) {
    this.bytes += bytes;
    const now = performance.now();
    this.#free = Math.max(now, this.#free) + (this.kbit === 0 ? 0 : (bytes * 8) / this.kbit);
    await sleep(this.#free - now + rtt / 2);
  }
}

const [toServer, toPhone] = [new Direction(up), new Direction(down)];

async function pump(from, to, direction) {
  try {
    let order = Promise.resolve();
    for await (const chunk of from) {
      const carried = direction.carry(chunk.length);
      order = order.then(() => carried).then(() => to.destroyed || to.write(chunk));
    }
    await order;
  } catch {
    // Closed by one of both.
  }
  to.end();
}

const proxy = createServer(async (phone) => {
  phone.on("error", () => phone.destroy());
  await sleep(2 * rtt);
  const server = connect(target.port, target.hostname);
  server.on("error", () => phone.destroy());
  void pump(phone, server, toServer);
  void pump(server, phone, toPhone);
});
await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${proxy.address().port}`;

/** Notes when the tasks of the school stand on the screen. */
function watch() {
  const seen = new MutationObserver(() => {
    if (document.querySelector(".tasks button") === null) return;
    window.usable = performance.now();
    seen.disconnect();
  });
  seen.observe(document, { childList: true, subtree: true });
}

async function quiet() {
  for (let before = -1; before !== toPhone.bytes; await sleep(QUIET_MS)) before = toPhone.bytes;
}

async function visit(context, path) {
  const [sent, got] = [toServer.bytes, toPhone.bytes];
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: cpu });
  await page.goto(`${url}/${path}`, { timeout: 120_000 });
  await page.waitForFunction(() => window.usable !== undefined, null, { timeout: 120_000 });
  const times = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    usable: window.usable,
  }));
  await quiet();
  await page.close();
  return { ...times, sent: toServer.bytes - sent, got: toPhone.bytes - got };
}

const folder = mkdtempSync(join(tmpdir(), "pantau-phone-"));
const context = await playwright.chromium.launchPersistentContext(folder, {
  executablePath: await Chromium.executablePath(),
  args: [...ARGS, "--no-sandbox"],
  headless: true,
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  locale: "id-ID",
});
await context.addInitScript(watch);
await context.newPage();
const first = await visit(context, `#daftar=${link}`);
const second = await visit(context, "");
process.stdout.write(JSON.stringify({ first, second }));
await context.close();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
