/** Which tasks a source has, in the order of its day. */

import type { Kind } from "../source/source";
import { CLINIC_TASKS } from "./clinic";
import { KITCHEN_TASKS } from "./kitchen";
import { RECIPIENT_TASKS } from "./recipient";
import type { Task } from "./task";

const OF: Readonly<Record<Kind, readonly Task[]>> = {
  sppg: KITCHEN_TASKS,
  clinic: CLINIC_TASKS,
  recipient: RECIPIENT_TASKS,
};

export function tasksOf(kind: Kind): readonly Task[] {
  return OF[kind];
}
