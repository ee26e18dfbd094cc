import { describe, expect, it } from "vitest";
import { backoff } from "../link/connection";
import { isNews } from "../link/build";
import { LocalTime } from "../format";
import type { Row } from "../link/protocol";
import { dueBy, minutesOpen, nextDay, serves, type DayPoint, type NotServed, type Region } from "../region";
import { arcMinute, fit, orbit } from "../stage";
import { classOf, lowest } from "../view/areas";
import { differences } from "../view/attention";
import { spread } from "../view/chart";
import { isSilent, signals } from "../view/clinic";
import { heard, ranking, reporting, serving } from "../view/kitchens";
import { attended, confirmed, dayOff, difference, notServed } from "../view/reception";
import { addPoint, gaps, pieces } from "../view/today";
import { DAY, NOW, MINUTE, SERVED, unit, row, kitchen, last } from "./region-fixtures";

describe("meals and hours", () => {
  it("are due from their minute on", () => {
    const meals = [
      [450, 10],
      [540, 20],
    ] as const;
    expect([449, 450, 539, 540].map((minute) => dueBy(meals, minute))).toEqual([0, 10, 10, 30]);
  });

  it("hours may go over midnight", () => {
    const night = unit("U", { opens: 1320, closes: 600 });
    expect([1319, 1320, 1439, 0, 599, 600].map((minute) => minutesOpen(night, minute))).toEqual([
      null,
      0,
      119,
      120,
      719,
      null,
    ]);
    expect([59, 60, 839, 840].map((minute) => minutesOpen(unit("U"), minute))).toEqual([null, 0, 779, null]);
  });
});

describe("kitchens", () => {
  const units = [unit("A"), unit("B"), unit("C"), unit("D", { meals: [[900, 50]] })];
  const rows = new Map([
    kitchen("A", { events: 4, portions_received: 90 }),
    kitchen("B", { events: 0, portions_received: 0 }),
    kitchen("C", { events: 9, portions_received: 10 }, "2026-11-24T01:00:00Z"),
    kitchen("D", { events: 1, portions_received: 0 }),
  ]);

  it("are ranked by received of what is due; nothing due and nothing known are left out", () => {
    expect(ranking(units, rows, DAY, NOW, MINUTE).map((one) => [one.unit.unit_id, one.share])).toEqual([
      ["B", 0],
      ["A", 0.9],
    ]);
  });

  it("report if they have an event today; unknown is not none", () => {
    expect(reporting(units, rows, DAY, NOW)).toBe(2);
    expect(reporting(units, new Map(), DAY, NOW)).toBeNull();
    expect(reporting(units, rows, "2026-11-25", NOW)).toBeNull();
  });

  it("are not silent because the stream is behind", () => {
    const held = new Map([
      last("A", "2026-11-24T00:55:00Z", "2026-11-24T01:00:00Z"),
      last("B", "2026-11-24T00:30:00Z"),
    ]);
    expect(heard(units.slice(0, 3), held, NOW, MINUTE, SERVED).map((one) => one.hearing)).toEqual([
      "fresh",
      "silent",
      "never",
    ]);
  });

  it("are not expected on a day off", () => {
    const held = new Map([last("A", "2026-11-23T07:00:00Z")]);
    expect(heard([unit("A")], held, NOW, MINUTE, { today: false, tomorrow: true })[0]?.hearing).toBe("closed");
  });
});

describe("days on which some are served", () => {
  const YESTERDAY = "2026-11-23T03:00:00Z";
  const night = unit("N", { opens: 1320, closes: 600 });
  const holiday = { day: DAY, service_weekdays: [1, 2, 3, 4, 5, 6], holidays: [DAY, "2026-11-26"] };
  const of = (targets: Region["targets"]): Region => ({ ...holiday, targets }) as unknown as Region;

  it("a holiday on which small children are served is a day of service, and a weekday without targets is none", () => {
    expect(serves(of([{ meal_time: "09:00", registered: 5 }]), DAY)).toBe(true);
    expect(serves(of([]), DAY)).toBe(false);
    expect([nextDay(DAY), "2026-11-26", "2026-11-29"].map((day) => serves(of([]), day))).toEqual([true, false, false]);
  });

  it("a kitchen that nobody expects meals of is closed, and not counted among those that report", () => {
    const idle = unit("I", { meals: [] });
    expect(heard([idle], new Map([last("I", YESTERDAY)]), NOW, MINUTE, SERVED)[0]?.hearing).toBe("closed");
    expect(serving([idle, unit("A")]).map((one) => one.unit_id)).toEqual(["A"]);
  });

  it("who opens before midnight is expected if there is service tomorrow", () => {
    const hearing = (tomorrow: boolean): string | undefined =>
      heard([night], new Map([last("N", YESTERDAY)]), NOW, 1400, { today: !tomorrow, tomorrow })[0]?.hearing;
    expect(hearing(false)).toBe("closed");
    expect(hearing(true)).not.toBe("closed");
  });
});

describe("the receiving side", () => {
  const said = row("r", { checks: 3, portions_confirmed: 81, portions_refused: 4, reporting: 9 });

  it("is a share of received, and never a zero that nobody has reported", () => {
    expect(confirmed(said, 100, 14)).toBe("Dikonfirmasi 81 % · ditolak 4 · 9 dari 14 melapor");
    expect(confirmed(row("r", { portions_confirmed: 0, portions_refused: 0, reporting: 0 }), 100, 14)).toBe(
      "Belum ada konfirmasi penerima",
    );
    expect(confirmed(undefined, 100, 14)).toBe("Belum ada konfirmasi penerima");
  });

  it("differs from the kitchen over 10 %, refused included; where deliveries are not all checked there is nothing to compare", () => {
    const kitchenSays = (n: number): Row => row("k", { portions_received: n, deliveries: 3 });
    expect([85, 94, 95, 76, 78].map((n) => difference(kitchenSays(n), said))).toEqual([0, 0, 10, -9, 0]);
    expect(difference(kitchenSays(100), row("r", { checks: 0, portions_confirmed: 0, portions_refused: 0 }))).toBe(0);
    expect(difference(undefined, said)).toBe(0);
    expect(difference(row("k", { portions_received: 100, deliveries: 4 }), said)).toBe(0);
  });

  it("is judged an hour after the last meal, of a kitchen that was heard since", () => {
    const found = (minute: number, heardAt: string): unknown => {
      const says = kitchen("A", { portions_received: 100, deliveries: 3 });
      const rows = new Map([says, ["reception/unit/A/1d", said] as [string, Row], last("A", heardAt)]);
      return differences([unit("A")], rows, DAY, NOW, minute);
    };
    expect(found(MINUTE, "2026-11-24T02:00:00Z")).toMatchObject([{ what: "Beda", where: "A", figure: "15" }]);
    expect(found(MINUTE, "2026-11-24T01:59:59Z")).toEqual([]);
    expect(found(MINUTE - 1, "2026-11-24T02:59:00Z")).toEqual([]);
  });

  const exam: NotServed = { reason: "ujian", groups: ["sd", "guru"], whole: true, kind: "school", recipients: 14 };
  const some: NotServed = { reason: "pindah hari", groups: ["bumil"], whole: false, kind: "posyandu", recipients: 2 };

  it("names who is not served and a day off; a weekday without service has no name", () => {
    expect(notServed([], 0)).toBe("Semua penerima dilayani hari ini");
    expect(notServed([exam], 0)).toBe("Tidak melayani: 14 sekolah (ujian)");
    expect(notServed([exam, some], 763)).toBe(
      "Tidak melayani: 14 sekolah (ujian) · Ibu hamil: pindah hari (2 posyandu) · 763 orang batal hari ini",
    );
    const pupils = {
      ...exam,
      groups: ["paud", "sd", "smp", "sma", "santri", "guru"],
      kind: "",
      recipients: 1050,
    } as const;
    expect(notServed([{ ...pupils, reason: "libur semester" }], 0)).toBe(
      "Tidak melayani: PAUD, SD, SMP, SMA, Santri, Guru: libur semester (1.050 penerima)",
    );
    const long = notServed([{ ...exam, reason: "x".repeat(100) }, some], 763);
    expect(long).toMatch(/x… · \+2 lainnya$/);
    expect(long.length).toBeLessThan(105);
    expect(dayOff([{ ...exam, reason: "mogok" }], "")).toBe("Libur: mogok");
    expect(dayOff([{ ...pupils, reason: "libur semester" }, some], "Natal")).toBe("Libur: Natal");
    expect(dayOff([{ ...exam, reason: "" }], "")).toBe("Bukan hari layanan");
  });

  it("says who of those present has eaten only where both are counted", () => {
    const counted = { recipients: 2, present: 200, eaten: 187 };
    expect(attended(row("r", { absent_ill: 12 }), counted)).toBe("Dari yang hadir 93 % makan · 12 absen sakit");
    expect(attended(row("r", { absent_ill: 0 }), { recipients: 0, present: 0, eaten: 0 })).toBe("");
  });
});

describe("the day's points", () => {
  const time = new LocalTime("Asia/Jakarta");
  const now = row(
    "k",
    { portions_cooked: 9, portions_dispatched: 8, portions_received: 7, portions_eaten: 6 },
    "2026-11-24T03:02:00Z",
  );
  const p = (minute: number, n: number): DayPoint => [minute, n, n, n, n];

  it("join the server's and the page's, a point a pane, the newest of each", () => {
    const found = addPoint([p(590, 1), p(600, 2)], [p(600, 3)], DAY, now, time);
    expect(found).toEqual([p(590, 1), [602, 9, 8, 7, 6]]);
  });

  it("of another day are dropped", () => {
    expect(addPoint([p(590, 1)], [p(600, 3)], "2026-11-23", now, time)).toEqual([[602, 9, 8, 7, 6]]);
    expect(addPoint([p(0, 0)], [p(600, 3)], "2026-11-25", now, time)).toEqual([p(0, 0)]);
  });

  it("do not come from a row without its totals, or with an as_of after its day", () => {
    expect(addPoint([p(590, 1)], [], DAY, row("k", { portions_cooked: 9 }), time)).toEqual([p(590, 1)]);
    const after = { ...now, as_of: "2026-11-24T17:00:01Z" };
    expect(addPoint([p(590, 1)], [], DAY, after, time)).toEqual([p(590, 1)]);
  });

  it("break where something is missing, and the beginning is a gap unless it was at zero", () => {
    const points = [p(200, 5), p(240, 6), p(300, 7)];
    expect(pieces(points).map((piece) => piece.length)).toEqual([2, 1]);
    expect(gaps(points, 120)).toEqual([
      [120, 200],
      [240, 300],
    ]);
    expect(gaps([p(200, 0), p(205, 1)], 120)).toEqual([]);
    expect(gaps([], 120)).toEqual([]);
  });
});

describe("small things", () => {
  it("five classes, closed at both ends", () => {
    expect([0, 0.199, 0.2, 0.5, 0.999, 1, 1.3].map(classOf)).toEqual([0, 0, 1, 2, 4, 4, 4]);
  });

  it("unknown areas are never the lowest", () => {
    const area = (code: string, share: number | null) => ({ code, name: code, row: undefined, share });
    expect(lowest([area("a", 0.5), area("b", null), area("c", 0.1)], 3).map((one) => one.code)).toEqual(["c", "a"]);
  });

  it("a hidden count is <5, an unknown one a dash, and neither is 0", () => {
    const found = signals(row("k", { children_measured: 0, children_stunted: null, hidden: ["children_stunted"] }));
    expect(found.map((one) => one.text)).toEqual(["0", "<5", "–", "–"]);
  });

  it("clinics that report nothing are silent, not well; a hidden or unknown count is a report", () => {
    const nothing = {
      children_measured: 0,
      children_immunized: 0,
      doses_given: 0,
      mothers_seen: 0,
      foodborne_cases: 0,
    };
    expect(isSilent(row("k", nothing))).toBe(true);
    expect(isSilent(row("k", { ...nothing, doses_given: 7 }))).toBe(false);
    expect(isSilent(row("k", { ...nothing, foodborne_cases: null, hidden: ["foodborne_cases"] }))).toBe(false);
    expect(isSilent(undefined)).toBe(false);
  });

  it("labels keep apart and within their bounds", () => {
    expect(spread([0, 5, 10, 300], 40, 0, 300)).toEqual([0, 40, 80, 300]);
    expect(spread([300, 300, 300], 40, 0, 300)).toEqual([220, 260, 300]);
  });

  it("waits grow, jitter over their whole range, and are longer where the server asks for time", () => {
    expect(backoff(0, 1006, () => 0)).toBe(0);
    expect(backoff(3, 1006, () => 1)).toBe(8_000);
    expect(backoff(20, 1006, () => 1)).toBe(30_000);
    expect(backoff(0, 4503, () => 1)).toBe(8_000);
  });

  it("a build is news once", () => {
    expect([isNews("b", "a", null), isNews("a", "a", null), isNews("b", "a", "b"), isNews("", "a", null)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("text grows with distance and shrinks with the screen; 16' on 85 inches at 5 m are 33 px", () => {
    expect(16 * arcMinute("85", "5")).toBeCloseTo(32.6, 0);
    expect(arcMinute(null, null)).toBe(arcMinute("85", "5"));
    expect(arcMinute("98", "5")).toBeLessThan(arcMinute("85", "5"));
    expect(arcMinute("x", "-1")).toBe(arcMinute(null, null));
  });

  it("the stage fills its window and walks within its margin", () => {
    expect(fit(3840, 2160)).toEqual({ scale: 2, x: 0, y: 0 });
    expect(fit(1600, 1200)).toMatchObject({ x: 0, y: 150 });
    for (let step = 0; step < 16; step += 1) {
      const { x, y } = orbit(step * 120_000);
      expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(12);
    }
  });
});
