/** The region's clock between two frames: server time at the last `now`, carried on at the clock's rate. */
export class RegionClock {
  #region = Number.NaN;
  #real = 0;
  /** Region milliseconds in a real one: 1, or 72 in a simulation. */
  factor = 1;

  /** `now` of a frame (epoch ms) and the monotonic time at which it came (ms). */
  anchor(now: number, real: number): void {
    if (!Number.isFinite(now)) return;
    this.#region = now;
    this.#real = real;
  }

  /** The region's clock, epoch ms; NaN until a server has said it. */
  at(real: number): number {
    return this.#region + (real - this.#real) * this.factor;
  }
}
