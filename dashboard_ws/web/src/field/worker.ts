/** The service worker: the page's own files from the phone, everything else from the network. It never keeps what the API says. */

/** What a worker has that a page has not: the two sets of types do not fit into one program. */
interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Lasting {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Worker extends EventTarget {
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}

const worker = self as unknown as Worker;
const PREFIX = "pantau-field-";
const CACHE = PREFIX + __BUILD__;
/** Relative to the worker; "./" is the page. The build writes them here. */
const FILES = JSON.parse("__FILES__") as string[];
const ROOT = new URL("./", worker.location.href);
const PAGES = new Set([ROOT.href, new URL("field.html", ROOT).href]);

worker.addEventListener("install", (event) => {
  // `reload`: not what the browser's own cache holds of an older build. What has its hash in its name is never of one, and the page has
  // just fetched it: on a slow line twice would be as long again.
  const files = FILES.map(
    (name) => new Request(new URL(name, ROOT).href, { cache: name.startsWith("./assets/") ? "default" : "reload" }),
  );
  (event as Lasting).waitUntil(caches.open(CACHE).then((cache) => cache.addAll(files)));
});

worker.addEventListener("activate", (event) => {
  const tidy = async (): Promise<void> => {
    for (const name of await caches.keys()) {
      if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
    }
    await worker.clients.claim();
  };
  (event as Lasting).waitUntil(tidy());
});

worker.addEventListener("message", (event) => {
  if ((event as MessageEvent).data === "activate") void worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { request } = event as Fetching;
  const url = new URL(request.url);
  url.hash = "";
  url.search = "";
  const wanted = PAGES.has(url.href) ? ROOT.href : url.href;
  if (request.method !== "GET" || !FILES.some((name) => new URL(name, ROOT).href === wanted)) return;
  (event as Fetching).respondWith(
    caches.open(CACHE).then(async (cache) => (await cache.match(wanted)) ?? fetch(request)),
  );
});
