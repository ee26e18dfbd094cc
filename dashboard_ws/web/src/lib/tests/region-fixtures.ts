/** Units and rows as the tests of the views take them. */

import type { Row } from "../link/protocol";
import type { Unit } from "../region";

export const DAY = "2026-11-24";
export const NOW = Date.parse("2026-11-24T03:00:00Z");
export const MINUTE = 600;
export const SERVED = { today: true, tomorrow: true };
export const unit = (id: string, more: Partial<Unit> = {}): Unit => ({
  unit_id: id,
  kind: "sppg",
  name: `SPPG ${id}`,
  kecamatan: "32.11.01",
  synthetic: true,
  opens: 60,
  closes: 840,
  meals: [[540, 100]],
  ...more,
});
export const row = (key: string, columns: Record<string, unknown>, as_of = "2026-11-24T02:59:00Z"): Row => ({
  topic: "performance",
  key,
  day: DAY,
  as_of,
  ttl_s: 1800,
  ...columns,
});
export const kitchen = (id: string, columns: Record<string, unknown>, as_of?: string): [string, Row] => {
  const key = `performance/unit/${id}/1d`;
  return [key, row(key, columns, as_of)];
};
export const last = (id: string, at: string, as_of?: string): [string, Row] => [
  id,
  row(id, { last_received: at }, as_of),
];
