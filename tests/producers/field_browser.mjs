// The form in a headless Chromium on a phone-sized screen, driven line by line: a JSON object in, a JSON object out.
// node field_browser.mjs INGEST FOLDER    INGEST: origin of ingest; FOLDER: the browser's profile, which outlives it.
// Between both stands a proxy, for what networks do: see MODES. The end of stdin closes the browser.

import { readdirSync, readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const web = createRequire(new URL("../../dashboard_ws/web/package.json", import.meta.url));
const load = (name) => import(pathToFileURL(web.resolve(name)));
const { default: Chromium } = await load("@sparticuz/chromium");
const { default: playwright } = await load("playwright-core");

const [ingest, folder] = process.argv.slice(2);
const ARGS = Chromium.args.filter((flag) => !["--single-process", "--no-zygote"].includes(flag));
const SIZE = { width: 360, height: 740 };
const say = (thing) => process.stdout.write(`${JSON.stringify(thing)}\n`);

// --- the network -----------------------------------------------------------------------------------

/** What happens to a POST of events. */
const MODES = {
  open: (from, to) => pass(from, to),
  /** Taken, but the answer is lost. */
  lost: (from, to) => pass(from, null, () => to.destroy()),
  /** Taken, and no answer comes. */
  silent: (from) => pass(from, null),
  busy: (_, to) => to.writeHead(503, { "Retry-After": "0" }).end(),
  /** A page of somebody else's network. */
  captive: (_, to) => to.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Wi-Fi</h1>"),
};
let mode = "open";
let down = false;
let posts = 0;

function pass(from, to, then = () => {}) {
  const onward = request(new URL(from.url, ingest), { method: from.method, headers: { ...from.headers, host: new URL(ingest).host } });
  onward.on("response", (answer) => {
    if (to !== null) answer.pipe(to.writeHead(answer.statusCode, answer.headers));
    answer.resume();
    answer.on("end", then);
  });
  onward.on("error", () => to?.destroy());
  from.pipe(onward);
}

const proxy = createServer((from, to) => {
  if (down) from.destroy();
  else if (from.url === "/v1/events") {
    posts += 1;
    MODES[mode](from, to);
  } else MODES.open(from, to);
});
await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${proxy.address().port}`;

// --- the browser -----------------------------------------------------------------------------------

let context = null;
let page = null;
const complaints = [];
const downloads = [];

async function start() {
  context = await playwright.chromium.launchPersistentContext(folder, {
    executablePath: await Chromium.executablePath(),
    args: [...ARGS, "--no-sandbox"],
    headless: true,
    viewport: SIZE,
    hasTouch: true,
    isMobile: true,
    locale: "id-ID",
  });
  await open();
}

async function open(path = "") {
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("download", (download) => downloads.push(download));
  page.on("dialog", (dialog) => void dialog.accept());
  await page.goto(`${url}/${path}`).catch((error) => complaints.push(String(error)));
}

/** Of the process that has our profile and is nobody's child process. */
function browserPid() {
  for (const pid of readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name))) {
    let line = "";
    try {
      line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      continue; // It has ended meanwhile.
    }
    if (line.includes(`--user-data-dir=${folder}`) && !line.includes("--type=")) return Number(pid);
  }
  throw new Error("no browser runs");
}

/** Texts too small to touch, and whatever does not fit a phone. */
function faults() {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push(`wider than the screen: ${document.documentElement.scrollWidth}`);
  for (const one of document.querySelectorAll("button, input, select, textarea")) {
    const box = one.getBoundingClientRect();
    if (box.width === 0) continue;
    if (box.height < 48 || box.width < 48) found.push(`small: ${one.outerHTML.slice(0, 80)}`);
    const named = one.getAttribute("aria-label") || one.textContent.trim() || document.querySelector(`label[for="${one.id}"]`);
    if (!named) found.push(`without a name: ${one.outerHTML.slice(0, 80)}`);
  }
  return found;
}

const begins = (name) => new RegExp(`^\\s*${name.replace(/[^\w\s]/g, "\\$&")}`);

const OPS = {
  goto: async ({ path }) => {
    await page.close();
    await open(path);
  },
  tab: () => open(),
  network: (to) => {
    mode = to.mode ?? mode;
    down = to.down ?? down;
    posts = 0;
  },
  /** Until there was a POST of events since the network was last set. */
  posted: async () => {
    while (posts === 0) await new Promise((done) => setTimeout(done, 20));
  },
  offline: ({ on }) => context.setOffline(on),
  tap: ({ name }) => page.getByRole("button", { name: begins(name) }).first().click(),
  /** True: it was there long enough. */
  tapIfThere: ({ name }) =>
    page.getByRole("button", { name: begins(name) }).first().click({ timeout: 3000 }).then(() => true, () => false),
  fill: async ({ label, value }) => {
    const field = page.locator("input, textarea").and(page.getByLabel(begins(label))).first();
    await field.fill(value);
    await field.blur();
  },
  value: ({ label }) => page.getByLabel(begins(label)).first().inputValue(),
  text: () => page.evaluate(() => document.body.innerText),
  shows: ({ text }) => page.getByText(text).first().waitFor().then(() => true),
  shot: ({ path, full = true }) => page.screenshot({ path, fullPage: full }),
  faults: () => page.evaluate(faults),
  complaints: () => complaints,
  /** As a phone that runs out of memory: nothing is told to the page. */
  kill: async () => {
    process.kill(browserPid(), "SIGKILL");
    await new Promise((done) => context.once("close", done));
  },
  start,
  clock: ({ ahead_ms }) =>
    context.addInitScript(`{ const real = Date.now; Date.now = () => real() + ${ahead_ms}; }`),
  /** The page loads itself anew when its database goes. */
  wipe: () => page.evaluate(() => void indexedDB.deleteDatabase("pantau-field")),
  enabled: ({ name }) => page.getByRole("button", { name: begins(name) }).first().isEnabled(),
  /** The file that was saved last. */
  saved: async () => {
    while (downloads.length === 0) await new Promise((done) => setTimeout(done, 20));
    return readFileSync(await downloads.at(-1).path(), "utf8");
  },
  /** As if the phone lay aside for `ms`: another app in front of the form, or a dark screen. */
  leave: ({ ms }) =>
    page.evaluate((away) => {
      const change = (state) => {
        Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      };
      change("hidden");
      const real = Date.now;
      Date.now = () => real() + away;
      change("visible");
    }, ms),
  /** As if rows had been entered, and the clock read, so many `days` (by id) before, and the phone had slept since. */
  sleep: ({ days, token }) =>
    page.evaluate(
      ([ages, old]) =>
        new Promise((done) => {
          indexedDB.open("pantau-field").onsuccess = ({ target }) => {
            const tx = target.result.transaction(["rows", "facts"], "readwrite");
            const [rows, facts] = [tx.objectStore("rows"), tx.objectStore("facts")];
            const before = ({ factor, ...times }, ms) => ({ ...earlier(times, ms), factor });
            const earlier = (times, ms) => Object.fromEntries(Object.entries(times).map(([name, at]) => [name, at - ms]));
            const oldest = 86_400_000 * Math.max(...Object.values(ages));
            for (const [id, count] of Object.entries(ages)) {
              const ms = count * 86_400_000;
              rows.get(id).onsuccess = ({ target: { result: row } }) => {
                const { time, recorded } = earlier({ time: row.time, recorded: row.recorded }, ms);
                rows.put({ ...row, time, recorded, times: earlier(row.times, ms), reading: before(row.reading, ms) });
              };
            }
            facts.get("reading").onsuccess = ({ target: { result } }) => facts.put(before(result, oldest), "reading");
            facts.put(old, "token");
            tx.oncomplete = () => (done(null), target.result.close());
          };
        }),
      [days, token],
    ),
  kept: () => page.evaluate(() => ({ ...localStorage })),
  rows: () =>
    page.evaluate(
      () =>
        new Promise((done) => {
          indexedDB.open("pantau-field").onsuccess = ({ target }) => {
            const all = target.result.transaction("rows").objectStore("rows").getAll();
            all.onsuccess = () => (done(all.result), target.result.close());
          };
        }),
    ),
};

await start();
say({ open: true, url });
for await (const line of createInterface({ input: process.stdin })) {
  const { op, ...given } = JSON.parse(line);
  try {
    say({ ok: (await OPS[op](given)) ?? null });
  } catch (error) {
    say({ error: String(error), text: await page.evaluate(() => document.body.innerText).catch(() => "") });
  }
}
await context.close().catch(() => {});
proxy.closeAllConnections();
proxy.close();
