/** What a task of the form is: fields to fill in, and the statement that they make. */

import { holdsNik } from "../source/pseudonym";
import type { Recipient, Source } from "../source/source";
import type { Row, Statement, Value, Values } from "../outbox/rows";

interface Base {
  /** Its label and help stand in the table of words. */
  readonly name: string;
  readonly optional?: boolean;
}

export type Field = Base &
  (
    | {
        readonly kind: "count";
        readonly min: number;
        readonly max: number;
        readonly step?: number;
        readonly before?: number | undefined;
      }
    | {
        readonly kind: "decimal";
        readonly min: number;
        readonly max: number;
        readonly step: number;
        readonly unit: string;
      }
    | { readonly kind: "choice"; readonly options: Readonly<Record<string, string>> }
    | { readonly kind: "many"; readonly options: Readonly<Record<string, string>> }
    | { readonly kind: "text"; readonly max: number; readonly suggestions?: readonly string[] }
    | { readonly kind: "moment" }
    | { readonly kind: "date" }
    | { readonly kind: "person" }
  );

/** What a task knows when it is filled in. Times are the phone's, epoch ms. */
export interface Scene {
  readonly source: Source;
  /** What stands of today and yesterday. */
  readonly today: readonly Row[];
  readonly yesterday: readonly Row[];
  readonly now: number;
  /** The local day: "2026-11-24". */
  readonly day: string;
}

/** Fields a step at most: what one thumb does in twenty seconds. */
export const FIELDS_A_STEP = 6;

export interface Task {
  readonly id: string;
  /** Of the events that it makes. */
  readonly type: string;
  readonly fields: (scene: Scene, values: Values) => readonly Field[];
  /** What stands in the fields at first. */
  readonly initial: (scene: Scene) => Values;
  /** What a change of one field puts into others: of another school, other numbers. */
  readonly follow?: (scene: Scene, name: string, values: Values) => Values;
  /** `time`: when it happened. Asked only of values that `problem` finds nothing in. */
  readonly statement: (scene: Scene, values: Values, time: number) => Omit<Statement, "type">;
  /** Shown in the list of reports. */
  readonly summary: (values: Values) => string;
}

export const num = (value: Value | undefined): number => (typeof value === "number" ? value : 0);
export const str = (value: Value | undefined): string => (typeof value === "string" ? value : "");
export const list = (value: Value | undefined): readonly string[] =>
  Array.isArray(value) ? (value as readonly string[]) : [];
export const isTrue = (value: Value | undefined): boolean => value === "true";

export function isEmpty(value: Value | undefined): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

export type Trouble =
  | { readonly kind: "missing"; readonly names: readonly string[] }
  | { readonly kind: "nik"; readonly field: Field }
  | { readonly kind: "range"; readonly field: Field & { min: number; max: number } };

/** What keeps the fields from being saved; null if nothing does. */
export function troubleOf(fields: readonly Field[], values: Values): Trouble | null {
  const missing = fields.filter((field) => !field.optional && isEmpty(values[field.name]));
  if (missing.length > 0) return { kind: "missing", names: missing.map((field) => field.name) };
  for (const field of fields) {
    const value = values[field.name];
    if (field.kind === "text" && holdsNik(str(value))) return { kind: "nik", field };
    if (
      (field.kind === "count" || field.kind === "decimal") &&
      typeof value === "number" &&
      (value < field.min || value > field.max)
    ) {
      return { kind: "range", field };
    }
  }
  return null;
}

/** Fields that count by group: `present.sd`. */
export function groupFields(prefix: string, groups: readonly string[], before: Values = {}): Field[] {
  return groups.map((group) => {
    const earlier = before[`${prefix}.${group}`];
    return {
      kind: "count",
      name: `${prefix}.${group}`,
      min: 0,
      max: 100_000,
      before: typeof earlier === "number" ? earlier : undefined,
    };
  });
}

/** {sd: n} of `present.sd`. */
export function grouped(prefix: string, groups: readonly string[], values: Values): Record<string, number> {
  return Object.fromEntries(groups.map((group) => [group, num(values[`${prefix}.${group}`])]));
}

export function fromGroups(prefix: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([group, count]) => [`${prefix}.${group}`, count]));
}

/** The newest of the rows that a task made, of one recipient where `subject` is given. */
export function lastOf(rows: readonly Row[], task: string, subject?: string): Row | undefined {
  return rows.filter((row) => row.task === task && (subject === undefined || row.subject === subject)).at(-1);
}

export function names(recipients: readonly Recipient[]): Record<string, string> {
  return Object.fromEntries(recipients.map((one) => [one.id, one.name]));
}
