/** A person's pseudonym, made on the phone: HMAC-SHA-256 under the region's key, first 32 hex digits. The NIK goes nowhere. */

import { bytesOf, hexOf } from "./hex";

const HEX_DIGITS = 32;
const BIRTH_DAYS = [
  [1, 31],
  [41, 71],
] as const;

/** A key that may sign and cannot be read again, also not by this page. */
export async function importKey(hex: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytesOf(hex), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

/** `person`: 16 digits of a NIK, or `<unit id>/<number in the register>`. */
export async function pseudonym(key: CryptoKey, person: string): Promise<string> {
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(person)));
  return hexOf(mac).slice(0, HEX_DIGITS);
}

/** Whether a NIK stands in a text, also with blanks, dots or dashes between its digits. The server is stricter. */
export function holdsNik(text: string): boolean {
  return (text.replace(/[\s.-]/g, "").match(/[0-9]+/g) ?? []).some(isNik);
}

/** Whether 16 digits have the shape of a NIK: province, day of birth (+40 for women), month. */
export function isNik(text: string): boolean {
  if (!/^[0-9]{16}$/.test(text)) return false;
  const part = (from: number): number => Number(text.slice(from, from + 2));
  const day = part(6);
  return (
    part(0) >= 11 &&
    part(0) <= 96 &&
    part(0) !== 20 &&
    BIRTH_DAYS.some(([from, to]) => day >= from && day <= to) &&
    part(8) >= 1 &&
    part(8) <= 12
  );
}
