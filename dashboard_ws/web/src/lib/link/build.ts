/** A newer page on the server: reload for it, at most once for each build. */

const KEY = "pantau.reloaded";
const POLL_MS = 60_000;
const SPREAD_MS = 30_000;

/** True if the page should be loaded anew. `last`: the build it was loaded anew for already. */
export function isNews(served: string, own: string, last: string | null): boolean {
  return served !== "" && served !== own && served !== last;
}

let planned = false;

/** Takes the build that the server names. The reload is spread so that walls do not come all at once. */
export function heardBuild(served: string): void {
  if (planned || !isNews(served, __BUILD__, localStorage.getItem(KEY))) return;
  planned = true;
  setTimeout(() => {
    localStorage.setItem(KEY, served);
    location.reload();
  }, Math.random() * SPREAD_MS);
}

/** Asks the server now and then: an open socket outlives many builds. */
export function watchBuild(): void {
  setInterval(() => {
    fetch("/version.json", { cache: "no-store" })
      .then(async (answer) => (answer.ok ? ((await answer.json()) as { build?: string }).build : undefined))
      .then((build) => heardBuild(build ?? ""))
      .catch(() => undefined); // Not reachable: the link says so already.
  }, POLL_MS);
}
