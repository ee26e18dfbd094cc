/** Sizes: one stage of 1920x1080 CSS pixels, text in arc-minutes as the farthest viewer sees it. */

export const WIDTH = 1920;
export const HEIGHT = 1080;

/** Cap height of Inter in em. */
const CAP = 0.7275;
const DIAGONAL_IN = 85;
const DISTANCE_M = 5;
/** The layout is proved up to this size of an arc-minute; a smaller or farther screen needs another layout. */
const MOST_PX = 2.05;

/** CSS pixels of font size an arc-minute, on a 16:9 screen of `diagonal` inches seen from `distance` metres. */
export function arcMinute(diagonal: string | null, distance: string | null): number {
  const inches = positive(diagonal) ?? DIAGONAL_IN;
  const metres = positive(distance) ?? DISTANCE_M;
  const mmPerPx = (inches * 25.4 * (16 / Math.hypot(16, 9))) / WIDTH;
  const capMm = (2 * Math.PI * metres * 1000) / 21_600;
  return Math.min(capMm / CAP / mmPerPx, MOST_PX);
}

function positive(text: string | null): number | null {
  const value = Number(text ?? "");
  return value > 0 ? value : null;
}

/** How the stage fills a window: its scale, and the offset that centres it. */
export function fit(width: number, height: number): { scale: number; x: number; y: number } {
  const scale = Math.min(width / WIDTH, height / HEIGHT);
  return { scale, x: (width - WIDTH * scale) / 2, y: (height - HEIGHT * scale) / 2 };
}

const ORBIT_PX = 6;
const ORBIT_STEPS = 16;
const ORBIT_STEP_MS = 120_000;

/** Where the picture stands within its margin: it walks a small circle so that nothing burns in. */
export function orbit(realMs: number): { x: number; y: number } {
  const angle = (Math.floor(realMs / ORBIT_STEP_MS) % ORBIT_STEPS) * ((2 * Math.PI) / ORBIT_STEPS);
  return { x: Math.round(ORBIT_PX * Math.sin(angle)), y: Math.round(ORBIT_PX * (Math.cos(angle) - 1)) };
}
