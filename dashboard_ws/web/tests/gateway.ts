/** A gateway for the browser tests: the built page under the real security headers, and a socket that a test drives. */

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer, type WebSocket } from "ws";
import type { Frame, Row } from "../src/lib/link/protocol";
import { CASES, momentOf, regionOf, rowsOf, SCHOOLS, STEPS, type Scene } from "./fixture";
import { REFUSED, REPORTS_OF_SCHOOL } from "./desk-reports";
import { missingOf } from "./missing-reports";
import { clustersOf } from "./over-clusters";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".json": "application/json",
};
const PAGES: Readonly<Record<string, string>> = { "/": "index.html", "/desk": "desk.html" };
/** As `chassis/http/pages.py` sends it. */
const CSP = "default-src 'self'; connect-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

export class Gateway {
  build = "";
  epoch = "e1";
  seq = 1;
  /** An account of a provider may log in. */
  hasProvider = false;
  /** How often cases were asked for. */
  asked = 0;
  /** False: who has reported is not known yet. */
  knowsReports = true;
  /** Who has logged in. */
  role = "";
  /** What the health office says of the first cluster that is over, once the server shows it. */
  word: Record<string, unknown> = {};
  /** Messages of the page. */
  readonly said: Record<string, unknown>[] = [];
  /** What was done about alerts and reports. */
  readonly acts: { path: string; body: Record<string, unknown> }[] = [];
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "pantau.v1" });
  readonly #clients = new Set<WebSocket>();
  readonly #began = performance.now();
  #scene: Scene;
  #reachable = true;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on("upgrade", (request, socket, head) => {
      if (!this.#reachable) socket.destroy();
      else this.#sockets.handleUpgrade(request, socket, head, (client) => this.#joined(client));
    });
  }

  async start(): Promise<string> {
    const version = await readFile(join(DIST, "version.json"), "utf8");
    this.build = (JSON.parse(version) as { build: string }).build;
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((done) => this.#server.close(done));
  }

  /** Another moment of the day for all that ask from now on, and for those connected a delta. */
  show(scene: Scene): void {
    this.#scene = scene;
    this.delta(rowsOf(scene));
    this.ping();
  }

  delta(rows: readonly Row[], gone: readonly string[] = []): void {
    this.send({ op: "delta", from: this.seq, seq: ++this.seq, rows, gone });
  }

  send(frame: Frame): void {
    for (const client of this.#clients) client.send(JSON.stringify(frame));
  }

  ping(): void {
    this.send(this.#pinged());
  }

  #pinged(): Frame {
    const as_of = new Date(momentOf(this.#scene) - (this.#scene.age ?? 0) * 60_000).toISOString();
    return { op: "ping", now: this.now(), epoch: this.epoch, seq: this.seq, as_of };
  }

  close(code: number): void {
    for (const client of this.#clients) client.close(code);
  }

  /** Ends all connections and lets none in. */
  cut(): void {
    this.#reachable = false;
    for (const client of this.#clients) client.terminate();
  }

  mend(): void {
    this.#reachable = true;
  }

  get clients(): number {
    return this.#clients.size;
  }

  now(): string {
    const factor = this.#scene.simulated ? 72 : 1;
    return new Date(momentOf(this.#scene) + (performance.now() - this.#began) * (factor === 1 ? 1 : 0)).toISOString();
  }

  #joined(client: WebSocket): void {
    this.#clients.add(client);
    client.on("close", () => this.#clients.delete(client));
    client.on("message", (data) => {
      const message = JSON.parse(String(data)) as Record<string, unknown>;
      this.said.push(message);
      const send = (frame: Frame): void => client.send(JSON.stringify(frame));
      if (message["op"] === "auth") send({ op: "welcome", expires: null, now: this.now(), build: this.build });
      else {
        this.#subscribed(message, send);
        send(this.#pinged());
      }
    });
  }

  #subscribed(message: Record<string, unknown>, send: (frame: Frame) => void): void {
    const since = message["since"] as { epoch: string; seq: number } | undefined;
    if (since?.epoch === this.epoch) {
      send({ op: "delta", from: since.seq, seq: this.seq, rows: rowsOf(this.#scene), gone: [] });
      return;
    }
    const rows = rowsOf(this.#scene);
    const half = Math.ceil(rows.length / 2);
    const head = { op: "snapshot", epoch: this.epoch, seq: this.seq, now: this.now(), parts: 2 } as const;
    send({ ...head, part: 1, rows: rows.slice(0, half) });
    send({ ...head, part: 2, rows: rows.slice(half) });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    if (!this.#reachable) {
      request.destroy();
    } else if (path === "/v1/login" || path === "/v1/token") {
      json(response, 200, { token: "t", expires: "2027-01-01T00:00:00Z" });
    } else if (path === "/v1/desk/login" && request.method === "GET") {
      json(response, 200, { provider: this.hasProvider });
    } else if (path === "/v1/desk/oidc/start") {
      // As though a person had agreed at the provider.
      response.writeHead(303, { Location: `/desk?${request.url?.split("?")[1] ?? ""}#sso=in` }).end();
    } else if (path === "/v1/desk/oidc/token") {
      json(response, 200, { token: "t", role: "health", expires: "2027-01-01T00:00:00Z" });
    } else if (path === "/v1/desk/oidc/end") {
      this.acts.push({ path, body: {} });
      response.writeHead(303, { Location: "/desk" }).end();
    } else if (path === "/v1/desk/login") {
      const { user, password } = JSON.parse(await bodyOf(request)) as Record<string, string>;
      const known = password === "benar";
      this.role = user ?? "";
      json(response, known ? 200 : 401, known ? { token: "t", role: user, expires: "2027-01-01T00:00:00Z" } : {});
    } else if (path.endsWith("/steps") && request.method === "GET") {
      json(response, 200, { steps: STEPS });
    } else if (path.endsWith("/cases")) {
      this.asked++;
      json(response, 200, CASES);
    } else if (path.startsWith("/v1/alerts/") && request.method === "GET") {
      json(response, 200, { unit_id: "", batches: ["B-2"], recipients: SCHOOLS });
    } else if (path.startsWith("/v1/alerts/") || path === "/v1/reports/return") {
      this.acts.push({ path, body: JSON.parse(await bodyOf(request)) as Record<string, unknown> });
      json(response, 202, { command: "c1" });
    } else if (path === "/v1/desk/missing") {
      const kecamatan = new URL(request.url ?? "/", "http://x").searchParams.get("kecamatan");
      json(response, this.knowsReports ? 200 : 503, this.knowsReports ? missingOf(kecamatan) : {});
    } else if (path === "/v1/desk/clusters") {
      json(response, 200, clustersOf(this.role === "health", this.word));
    } else if (path === "/v1/desk/reports") {
      json(response, 200, REPORTS_OF_SCHOOL);
    } else if (path === "/v1/desk/refused") {
      json(response, 200, REFUSED);
    } else if (path === "/v1/region") {
      const known = request.headers.authorization === "Bearer t";
      json(response, known ? 200 : 401, known ? regionOf(this.#scene) : {});
    } else {
      await file(response, PAGES[path] ?? path);
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += String(part);
  return text;
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

async function file(response: ServerResponse, path: string): Promise<void> {
  try {
    const body = await readFile(join(DIST, normalize(`/${path}`)));
    response
      .writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "text/plain", "Content-Security-Policy": CSP })
      .end(body);
  } catch {
    response.writeHead(404).end();
  }
}
