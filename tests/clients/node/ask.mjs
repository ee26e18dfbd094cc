// Asks as a program in Node does: @clickhouse/client.
import assert from "node:assert/strict";
import { createClient } from "@clickhouse/client";

for (const response of [false, true]) {
  const client = createClient({
    url: process.argv[2],
    username: "analyst",
    password: process.env.CLICKHOUSE_PASSWORD,
    database: "pantau",
    compression: { response, request: response },
    clickhouse_settings: { max_execution_time: 30 },
  });
  assert.ok((await client.ping()).success);
  const answer = await client.query({
    query: "SELECT n, label FROM seen_by_clients WHERE n < {most:UInt64} ORDER BY n",
    query_params: { most: 3 },
    format: "JSONEachRow",
  });
  assert.deepEqual((await answer.json()).map((row) => row.label), ["line 0", "line 1", "line 2"]);
  const rows = await client.query({ query: "SELECT number FROM numbers(100000)", format: "JSONEachRow" });
  let count = 0;
  for await (const part of rows.stream()) count += part.length;
  assert.equal(count, 100000);
  await client.close();
}
