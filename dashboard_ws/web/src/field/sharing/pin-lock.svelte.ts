/** Whether the phone asks for its PIN: when the form is opened, and after it was hidden for some minutes. */

import type { Store } from "../outbox/store";
import { newPin, tried, waitOf, type Pin } from "./pin";

const HIDDEN_MS = 5 * 60_000;

export class PinLock {
  pin = $state.raw<Pin | null>(null);
  isLocked = $state(false);
  /** Of the last try: ms before the next one, 0 if it may be at once; null if there was none. */
  wait = $state<number | null>(null);
  #hiddenAt: number | null = null;

  /** What the store says of it. `opened`: the form has just been opened. */
  async refresh(store: Store, opened = false): Promise<void> {
    this.pin = (await store.fact("pin")) ?? null;
    if (this.pin === null) this.isLocked = false;
    else if (opened) this.isLocked = true;
  }

  hide(now: number): void {
    this.#hiddenAt ??= now;
  }

  show(now: number): void {
    if (this.pin !== null && this.#hiddenAt !== null && Math.abs(now - this.#hiddenAt) >= HIDDEN_MS)
      this.isLocked = true;
    this.#hiddenAt = null;
  }

  async set(store: Store, digits: string): Promise<void> {
    await store.remember({ pin: await newPin(digits) });
    await this.refresh(store);
  }

  async remove(store: Store): Promise<void> {
    await store.forgetFacts(["pin"]);
    this.wait = null;
    await this.refresh(store);
  }

  /** Opens the form if `digits` are right. */
  async unlock(store: Store, digits: string, now: number): Promise<void> {
    const pin = await store.fact("pin");
    if (pin === undefined) return this.refresh(store);
    this.wait = waitOf(pin, now);
    if (this.wait > 0) return;
    const after = await tried(pin, digits, now);
    // On disk before the answer: opening the page anew gives no further tries.
    await store.remember({ pin: after });
    this.wait = after.wrong === 0 ? null : waitOf(after, now);
    this.isLocked = after.wrong > 0;
    this.pin = after;
  }
}
