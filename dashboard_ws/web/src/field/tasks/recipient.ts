/** Tasks of schools, pesantren and posyandu: what came, who is there, what was eaten. */

import { groupsOf, total, type Recipient } from "../source/source";
import { WORDS } from "../../words/field";
import { GROUPS, OPTIONS } from "../../words/field-tasks";
import {
  fromGroups,
  grouped,
  groupFields,
  isEmpty,
  isTrue,
  lastOf,
  list,
  num,
  str,
  type Scene,
  type Task,
} from "./task";

function self(scene: Scene): Recipient {
  const { recipient, id, name } = scene.source;
  return recipient ?? { id, name, kind: "", meal_time: "", registered: {}, not_served: {} };
}

const expected = (scene: Scene): number => total(self(scene).registered);
const took = (values: Readonly<Record<string, unknown>>): boolean =>
  num(values["refused"] as number) > 0 || values["senses_passed"] === "false";

export const checkDelivery: Task = {
  id: "check",
  type: "recipient.delivery.checked",
  fields: (scene, values) => [
    {
      kind: "count",
      name: "portions",
      min: 0,
      max: 100_000,
      before: num(lastOf(scene.yesterday, "check")?.values["portions"]) || undefined,
    },
    { kind: "choice", name: "senses_passed", options: OPTIONS.senses },
    { kind: "count", name: "refused", min: 0, max: 100_000 },
    ...(took(values) ? [{ kind: "many", name: "reasons", options: OPTIONS.reasons } as const] : []),
    { kind: "decimal", name: "temp_c", min: -60, max: 150, step: 1, unit: "°C", optional: true },
    { kind: "text", name: "trip", max: 100, optional: true },
  ],
  initial: (scene) => ({
    portions: expected(scene),
    senses_passed: null,
    refused: 0,
    reasons: [],
    temp_c: null,
    trip: "",
  }),
  statement: (scene, values, time) => ({
    time,
    times: {},
    data: {
      kitchen: scene.source.kitchen?.id ?? "",
      portions: num(values["portions"]),
      refused: num(values["refused"]),
      reasons: took(values) ? list(values["reasons"]) : [],
      senses_passed: isTrue(values["senses_passed"]),
      ...(isEmpty(values["temp_c"]) ? {} : { temp_c: num(values["temp_c"]) }),
      ...(isEmpty(values["trip"]) ? {} : { trip: str(values["trip"]) }),
    },
  }),
  summary: (values) => `${WORDS.portions(num(values["portions"]))}, ${WORDS.refusedPortions(num(values["refused"]))}`,
};

export const attendance: Task = {
  id: "attendance",
  type: "recipient.attendance.reported",
  fields: (scene) => [
    ...groupFields("present", groupsOf(self(scene)), lastOf(scene.yesterday, "attendance")?.values),
    { kind: "count", name: "absent_ill", min: 0, max: 100_000 },
  ],
  initial: (scene) => ({ ...fromGroups("present", self(scene).registered), absent_ill: null }),
  statement: (scene, values, time) => ({
    time,
    times: {},
    data: { present: grouped("present", groupsOf(self(scene)), values), absent_ill: num(values["absent_ill"]) },
  }),
  summary: (values) => {
    const present = Object.entries(values).filter(([name]) => name.startsWith("present."));
    return WORDS.attendance(
      present.reduce((sum, [, count]) => sum + num(count), 0),
      num(values["absent_ill"]),
    );
  },
};

export const mealEaten: Task = {
  id: "eaten",
  type: "recipient.meal.eaten",
  fields: (scene) => [
    ...groupFields("eaten", groupsOf(self(scene)), lastOf(scene.yesterday, "eaten")?.values),
    { kind: "decimal", name: "leftover_kg", min: 0, max: 10_000, step: 0.5, unit: "kg" },
  ],
  initial: (scene) => {
    const present = lastOf(scene.today, "attendance")?.values ?? {};
    const counts = groupsOf(self(scene)).map(
      (group) => [group, num(present[`present.${group}`] ?? self(scene).registered[group])] as const,
    );
    return { ...fromGroups("eaten", Object.fromEntries(counts)), leftover_kg: null };
  },
  statement: (scene, values, time) => ({
    time,
    times: {},
    data: {
      eaten: grouped("eaten", groupsOf(self(scene)), values),
      leftover_g: Math.round(num(values["leftover_kg"]) * 1000),
    },
  }),
  summary: (values) => WORDS.leftover(num(values["leftover_kg"])),
};

export const declined: Task = {
  id: "declined",
  type: "recipient.service.declined",
  fields: (scene) => [
    { kind: "choice", name: "reason", options: OPTIONS.declined },
    {
      kind: "many",
      name: "groups",
      optional: true,
      options: Object.fromEntries(groupsOf(self(scene)).map((group) => [group, GROUPS[group] ?? group])),
    },
  ],
  initial: () => ({ reason: null, groups: [] }),
  statement: (_, values, time) => ({
    time,
    times: {},
    data: { groups: list(values["groups"]), reason: str(values["reason"]) },
  }),
  summary: (values) => OPTIONS.declined[str(values["reason"]) as keyof typeof OPTIONS.declined] ?? "",
};

export const illness: Task = {
  id: "illness",
  type: "recipient.illness.noticed",
  fields: () => [
    { kind: "count", name: "ill", min: 1, max: 10_000 },
    { kind: "moment", name: "since" },
    { kind: "many", name: "symptoms", options: OPTIONS.symptoms },
  ],
  initial: (scene) => ({ ill: null, since: scene.now, symptoms: [] }),
  statement: (_, values, time) => ({
    time,
    times: { since: Math.min(num(values["since"]), time) },
    data: { ill: num(values["ill"]), symptoms: list(values["symptoms"]) },
  }),
  summary: (values) => WORDS.people(num(values["ill"])),
};

export const RECIPIENT_TASKS: readonly Task[] = [checkDelivery, attendance, mealEaten, declined, illness];
