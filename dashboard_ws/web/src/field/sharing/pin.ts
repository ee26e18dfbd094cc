/** A phone's PIN: it keeps out who picks the phone up, not who takes it apart. Kept as a slow hash with a salt. */

import { bytesOf, hexOf } from "../source/hex";

/** Half a second or so on the phones of the field. */
const ITERATIONS = 200_000;
const FREE_TRIES = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 3_600_000;

export interface Pin {
  readonly salt: string;
  readonly hash: string;
  readonly iterations: number;
  /** Wrong ones since the last right one. */
  readonly wrong: number;
  /** Phone's time before which none is tried. */
  readonly blocked: number;
}

export function isPin(text: string): boolean {
  return /^[0-9]{4,8}$/.test(text);
}

export async function newPin(digits: string): Promise<Pin> {
  const salt = hexOf(crypto.getRandomValues(new Uint8Array(16)));
  return { salt, hash: await hashOf(digits, salt, ITERATIONS), iterations: ITERATIONS, wrong: 0, blocked: 0 };
}

/** The PIN after `digits` were tried at `now`: without wrong ones if they are right. Each wrong one after the fifth doubles the wait. */
export async function tried(pin: Pin, digits: string, now: number): Promise<Pin> {
  if ((await hashOf(digits, pin.salt, pin.iterations)) === pin.hash) return { ...pin, wrong: 0, blocked: 0 };
  const wrong = pin.wrong + 1;
  const wait = wrong < FREE_TRIES ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (wrong - FREE_TRIES));
  return { ...pin, wrong, blocked: now + wait };
}

/** How long none is tried. A clock that was set back does not lock the phone for longer than the longest wait. */
export function waitOf(pin: Pin, now: number): number {
  return Math.min(LONGEST_WAIT_MS, Math.max(0, pin.blocked - now));
}

async function hashOf(digits: string, salt: string, iterations: number): Promise<string> {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(digits), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: bytesOf(salt), iterations };
  return hexOf(new Uint8Array(await crypto.subtle.deriveBits(how, key, 256)));
}
