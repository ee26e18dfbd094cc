// A recall in a headless Chromium: the desk holds a batch, each form confirms, the wall counts. One JSON object in the argument:
// {gateway, ingest, wall, user, password, alert, schools: [{name, code}], shots}. Writes what it saw as one line of JSON.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const web = createRequire(new URL("../../dashboard_ws/web/package.json", import.meta.url));
const load = (name) => import(pathToFileURL(web.resolve(name)));
const { default: Chromium } = await load("@sparticuz/chromium");
const { default: playwright } = await load("playwright-core");

const asked = JSON.parse(process.argv[2]);
const browser = await playwright.chromium.launch({
  executablePath: await Chromium.executablePath(),
  args: [...Chromium.args.filter((flag) => !["--single-process", "--no-zygote"].includes(flag)), "--no-sandbox"],
  headless: true,
});
const complaints = [];

async function open(url, width, height) {
  const page = await (await browser.newContext({ viewport: { width, height } })).newPage();
  page.setDefaultTimeout(60_000);
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(url);
  return page;
}

const shot = (page, name) => page.screenshot({ path: `${asked.shots}/${name}.png` });
const wall = await open(asked.wall, 1920, 1080);

const desk = await open(`${asked.gateway}/desk`, 1920, 1080);
await desk.getByLabel("Nama pengguna").fill(asked.user);
await desk.getByLabel("Kata sandi").fill(asked.password);
await desk.getByRole("button", { name: "Masuk" }).click();
await desk.getByRole("button", { name: asked.alert }).first().click();
await desk.getByRole("checkbox").first().check();
await desk.getByText(`${asked.user}, `).waitFor();
await desk.getByRole("button", { name: "Tahan makanan ..." }).click();
await desk.getByLabel("Masakan (batch)").fill("B-9");
await desk.getByRole("button", { name: "Tidak satu pun" }).click();
for (const { name } of asked.schools) await desk.getByLabel(name).first().check();
await desk.getByLabel("Alasan dan yang harus dilakukan").fill("Uji nitrit gagal. Simpan untuk diperiksa.");
await shot(desk, "desk-order");
await desk.getByRole("button", { name: `Tahan di ${asked.schools.length} penerima` }).click();
await wall.getByText(`0 dari ${asked.schools.length} sudah`).waitFor();

for (const [index, { code }] of asked.schools.entries()) {
  const form = await open(`${asked.ingest}/#daftar=${code}`, 360, 740);
  await form.getByText("JANGAN DIMAKAN").waitFor();
  if (index === 0) await shot(form, "form-asked");
  const eaten = index === 2 ? "sebagian sudah makan" : "belum ada yang makan";
  await form.getByRole("button", { name: `Sudah dihentikan, ${eaten}` }).click();
  await form.getByText("Sudah dikonfirmasi").waitFor();
  await wall.getByText(`${index + 1} dari ${asked.schools.length} sudah`).waitFor();
  if (index === 5) await shot(wall, "wall");
  if (index === 0) await shot(form, "form-confirmed");
  await form.context().close();
}
await desk.getByRole("button", { name: "Makanan ditahan" }).first().click();
await desk.getByText("Semua menjawab dalam").waitFor();
await shot(desk, "desk-progress");
await browser.close();
process.stdout.write(`${JSON.stringify({ complaints })}\n`);
