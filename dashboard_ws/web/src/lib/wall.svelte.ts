/** The wall's state: what the panels read. Written only here. */

import { heardBuild, watchBuild } from "./link/build";
import { RegionClock } from "./clock";
import { Connection } from "./link/connection";
import { LocalTime } from "./format";
import type { Live, Row } from "./link/protocol";
import type { DayPoint, Region } from "./region";
import { Session, type Credentials } from "./link/session";
import { linkState, type Link } from "./truth";
import { addPoint } from "./view/today";
import { STOPPED } from "../words/shared";

const TICK_MS = 250;
/** The region is asked for anew so often by its own clock, but no oftener by ours: it holds what the day has brought. */
const REGION_MS = 600_000;
const REGION_LEAST_MS = 20_000;
const AGAIN_MS = 5_000;

export class Wall {
  region = $state.raw<Region | null>(null);
  rows = $state.raw<ReadonlyMap<string, Row>>(new Map());
  today = $state.raw<readonly DayPoint[]>([]);
  /** The region's clock, epoch ms; NaN until the server has said it. */
  now = $state(Number.NaN);
  link = $state<Link>("connecting");
  /** The region's clock when the last frame came, epoch ms; NaN before the first. */
  heardAt = $state(Number.NaN);
  /** Real seconds since the page began, while nothing was heard at all. */
  waiting = $state(0);
  /** The region's clock up to which the stream has all that was received, epoch ms; NaN until a ping says it. */
  streamAsOf = $state(Number.NaN);
  stopped = $state("");
  /** Real ms since the page began: what moves the picture. */
  uptime = $state(0);

  readonly time = $derived(new LocalTime(this.region?.timezone ?? "Asia/Jakarta"));
  /** The region's clock in whole minutes: most of the wall changes no faster. */
  readonly minuteMs = $derived(Math.floor(this.now / 60_000) * 60_000);
  readonly day = $derived(Number.isFinite(this.minuteMs) ? this.time.day(this.minuteMs) : "");
  readonly minute = $derived(Number.isFinite(this.minuteMs) ? this.time.minute(this.minuteMs) : 0);
}

/** Starts everything that feeds a page. `code`: the region asked for, null for the server's first. */
export function start(code: string | null, session: Credentials = new Session()): Wall {
  const wall = new Wall();
  const clock = new RegionClock();
  const began = performance.now();
  let lastFrame: number | null = null;
  let asked = -REGION_MS;
  let askedDay = "";

  function tick(): void {
    const real = performance.now();
    wall.now = clock.at(real);
    wall.uptime = real - began;
    const silent = lastFrame === null ? null : real - lastFrame;
    const lagMs = Number.isNaN(wall.streamAsOf) ? null : wall.now - wall.streamAsOf;
    wall.link = linkState(silent, real - began, lagMs, clock.factor);
    if (lastFrame === null) wall.waiting = Math.floor((real - began) / 1000);
    const newDay = wall.day !== "" && askedDay !== "" && wall.day !== askedDay;
    if (
      wall.region !== null &&
      (real - asked > Math.max(REGION_MS / clock.factor, REGION_LEAST_MS) || (newDay && real - asked > AGAIN_MS))
    )
      void ask();
  }

  /** Reads the region; returns it, or null if the server did not give it. */
  async function ask(): Promise<Region | null> {
    asked = performance.now();
    const query = code === null ? "" : `?region=${encodeURIComponent(code)}`;
    const answer = await fetch(`/v1/region${query}`, { headers: session.bearer() }).catch(() => null);
    if (answer === null) return null;
    if (answer.status === 401) wall.stopped = STOPPED.notEnrolled;
    if (answer.status === 403 || answer.status === 404) wall.stopped = STOPPED.noSuchRegion;
    if (!answer.ok) return null;
    const region = (await answer.json()) as Region;
    clock.factor = region.clock_factor;
    wall.region = region;
    askedDay = region.day;
    wall.today = follow(wall, region);
    return region;
  }

  async function connect(): Promise<void> {
    await session.open().catch(() => undefined); // Not reachable: asking for the region says so.
    let region = await ask();
    while (region === null && wall.stopped === "") {
      await new Promise((later) => setTimeout(later, AGAIN_MS * Math.random()));
      region = await ask();
    }
    if (region === null) return;
    new Connection(session, region.code, {
      live(live: Live) {
        wall.rows = live.rows;
        if (wall.region !== null) wall.today = follow(wall, wall.region);
      },
      heard(now, asOf) {
        lastFrame = performance.now();
        if (now !== null) clock.anchor(now, lastFrame);
        if (asOf !== null) wall.streamAsOf = asOf;
        wall.heardAt = clock.at(lastFrame);
        tick();
      },
      build: heardBuild,
      stopped(why) {
        wall.stopped = why;
      },
    }).start();
  }

  // A new code in the address of a page that is open already changes nothing but the fragment.
  addEventListener("hashchange", () => location.reload());
  setInterval(tick, TICK_MS);
  watchBuild();
  void connect();
  return wall;
}

/** The day's points: those of the server, and what has come since. */
function follow(wall: Wall, region: Region): readonly DayPoint[] {
  const row = wall.rows.get(`performance/kabupaten/${region.code}/1d`);
  return addPoint(region.today, wall.today, region.day, row, wall.time);
}
