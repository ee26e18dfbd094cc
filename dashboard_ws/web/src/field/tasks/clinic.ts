/** Tasks of a clinic. People are pseudonyms by the time that a task sees them. */

import { WORDS } from "../../words/field";
import { OPTIONS } from "../../words/field-tasks";
import { isEmpty, list, names, num, str, type Field, type Scene, type Task } from "./task";

const DAY_MS = 86_400_000;
const PERSON: Field = { kind: "person", name: "person" };

/** Whole days from a birthday "2024-03-01" to the local day `day`. */
export function ageDays(birth: string, day: string): number {
  return Math.round((Date.parse(day) - Date.parse(birth)) / DAY_MS);
}

export const growth: Task = {
  id: "growth",
  type: "clinic.growth.measured",
  fields: () => [
    PERSON,
    { kind: "choice", name: "sex", options: OPTIONS.sex },
    { kind: "date", name: "birth" },
    { kind: "decimal", name: "weight_kg", min: 0.3, max: 60, step: 0.1, unit: "kg" },
    { kind: "decimal", name: "height_cm", min: 30, max: 150, step: 0.5, unit: "cm" },
    { kind: "choice", name: "posture", options: OPTIONS.posture },
  ],
  initial: () => ({ person: null, sex: null, birth: null, weight_kg: null, height_cm: null, posture: null }),
  statement: (scene, values, time) => ({
    time,
    times: {},
    data: {
      child: str(values["person"]),
      sex: str(values["sex"]),
      age_days: ageDays(str(values["birth"]), scene.day),
      weight_kg: num(values["weight_kg"]),
      height_cm: num(values["height_cm"]),
      posture: str(values["posture"]),
    },
  }),
  summary: (values) => WORDS.measured(num(values["weight_kg"]), num(values["height_cm"])),
};

export const immunization: Task = {
  id: "immunization",
  type: "clinic.immunization.given",
  fields: () => [
    PERSON,
    { kind: "choice", name: "antigen", options: OPTIONS.antigen },
    { kind: "count", name: "dose", min: 1, max: 20 },
  ],
  initial: () => ({ person: null, antigen: null, dose: 1 }),
  statement: (_, values, time) => ({
    time,
    times: {},
    data: { child: str(values["person"]), antigen: str(values["antigen"]), dose: num(values["dose"]) },
  }),
  summary: (values) => `${str(values["antigen"])} ${num(values["dose"])}`,
};

export const antenatal: Task = {
  id: "antenatal",
  type: "clinic.antenatal.visited",
  fields: () => [
    PERSON,
    { kind: "count", name: "visit", min: 1, max: 6 },
    { kind: "decimal", name: "hb_g_dl", min: 2, max: 25, step: 0.1, unit: "g/dL", optional: true },
  ],
  initial: () => ({ person: null, visit: 1, hb_g_dl: null }),
  statement: (_, values, time) => ({
    time,
    times: {},
    data: {
      mother: str(values["person"]),
      visit: num(values["visit"]),
      ...(isEmpty(values["hb_g_dl"]) ? {} : { hb_g_dl: num(values["hb_g_dl"]) }),
    },
  }),
  summary: (values) => WORDS.visit(num(values["visit"])),
};

export const caseReport: Task = {
  id: "case",
  type: "clinic.case.reported",
  fields: (scene) => [
    PERSON,
    { kind: "count", name: "age_years", min: 0, max: 120 },
    { kind: "choice", name: "sex", options: OPTIONS.sex },
    { kind: "choice", name: "syndrome", options: OPTIONS.syndrome },
    { kind: "many", name: "symptoms", options: OPTIONS.symptoms },
    { kind: "moment", name: "onset" },
    { kind: "choice", name: "outcome", options: OPTIONS.outcome },
    { kind: "moment", name: "ate_at", optional: true },
    { kind: "choice", name: "subject", options: names(scene.source.recipients), optional: true },
  ],
  initial: (scene) => ({
    person: null,
    age_years: null,
    sex: null,
    syndrome: null,
    symptoms: [],
    onset: scene.now,
    outcome: "outpatient",
    ate_at: null,
    subject: null,
  }),
  statement: (_, values, time) => {
    const onset = Math.min(num(values["onset"]), time);
    return {
      ...subject(values["subject"]),
      time,
      times: { onset, ...(isEmpty(values["ate_at"]) ? {} : { ate_at: num(values["ate_at"]) }) },
      data: {
        patient: str(values["person"]),
        age_years: num(values["age_years"]),
        sex: str(values["sex"]),
        syndrome: str(values["syndrome"]),
        symptoms: list(values["symptoms"]),
        outcome: str(values["outcome"]),
      },
    };
  },
  summary: (values) => syndrome(values["syndrome"]),
};

export const count: Task = {
  id: "count",
  type: "clinic.cases.counted",
  fields: (scene: Scene) => [
    { kind: "choice", name: "syndrome", options: OPTIONS.syndrome },
    { kind: "count", name: "cases", min: 1, max: 10_000 },
    { kind: "count", name: "inpatients", min: 0, max: 10_000 },
    { kind: "moment", name: "since" },
    { kind: "choice", name: "subject", options: names(scene.source.recipients), optional: true },
  ],
  initial: (scene) => ({ syndrome: "foodborne", cases: null, inpatients: 0, since: scene.now, subject: null }),
  statement: (_, values, time) => ({
    ...subject(values["subject"]),
    time,
    times: { since: Math.min(num(values["since"]), time) },
    data: { syndrome: str(values["syndrome"]), cases: num(values["cases"]), inpatients: num(values["inpatients"]) },
  }),
  summary: (values) => `${WORDS.patients(num(values["cases"]))} · ${syndrome(values["syndrome"])}`,
};

function subject(value: unknown): { subject?: string } {
  return typeof value === "string" && value !== "" ? { subject: value } : {};
}

function syndrome(value: unknown): string {
  return OPTIONS.syndrome[value as keyof typeof OPTIONS.syndrome] ?? "";
}

export const CLINIC_TASKS: readonly Task[] = [count, growth, immunization, antenatal, caseReport];
