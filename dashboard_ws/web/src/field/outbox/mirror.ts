/** A second copy of what is unsent, in another storage of the browser: databases of full phones get lost. */

import type { Pin } from "../sharing/pin";
import type { Source } from "../source/source";
import type { Row } from "./rows";

const KEY = "pantau.mirror";

export interface Copy {
  readonly phone: string;
  readonly seq: number;
  readonly token: string | null;
  readonly source: Source | null;
  readonly pin: Pin | null;
  readonly rows: readonly Row[];
}

/** False if there is no room: the database still has it all. */
export function writeMirror(copy: Copy): boolean {
  try {
    localStorage.setItem(KEY, JSON.stringify(copy));
    return true;
  } catch {
    return false;
  }
}

export function forgetMirror(): void {
  localStorage.removeItem(KEY);
}

export function readMirror(): Copy | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null") as Copy | null;
  } catch {
    return null;
  }
}
