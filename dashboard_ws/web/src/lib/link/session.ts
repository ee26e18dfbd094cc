/** The wall's token: traded for a one-time code, kept in this browser, renewed daily. No person's login. */

interface Kept {
  readonly token: string;
  /** Browser time (ms) at which it was given. */
  readonly since: number;
}

const KEY = "pantau.token";
const DAY_MS = 86_400_000;

/** `ended`: the server does not take the token, only a new code helps. Other failures throw and may be tried again. */
export type Renewal = "renewed" | "ended";

/** What a page is let in with. `due`: a fresh token should be asked for. */
export interface Credentials {
  readonly token: string | null;
  readonly due: boolean;
  open(): Promise<void>;
  renew(): Promise<Renewal>;
  bearer(): Record<string, string>;
}

export class Session implements Credentials {
  #kept: Kept | null = read();

  get token(): string | null {
    return this.#kept?.token ?? null;
  }

  /** Trades `#code=...` of the address for a token. The code leaves the address bar at once: it is good only once. */
  async open(): Promise<void> {
    const code = new URLSearchParams(location.hash.slice(1)).get("code");
    if (code === null) return;
    history.replaceState(null, "", location.pathname + location.search);
    const answer = await fetch("/v1/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code }),
    });
    // A used code is no harm where a token is held already: somebody opened the same address twice.
    if (answer.ok) await this.#keep(answer);
  }

  /** True once a day. */
  get due(): boolean {
    return this.#kept !== null && Math.abs(Date.now() - this.#kept.since) > DAY_MS;
  }

  async renew(): Promise<Renewal> {
    const answer = await fetch("/v1/token", { method: "POST", headers: this.bearer() });
    if (answer.status === 401) return "ended";
    if (!answer.ok) throw new Error(`token: ${answer.status}`);
    await this.#keep(answer);
    return "renewed";
  }

  bearer(): Record<string, string> {
    return this.#kept === null ? {} : { Authorization: `Bearer ${this.#kept.token}` };
  }

  async #keep(answer: Response): Promise<void> {
    const { token } = (await answer.json()) as { token: string };
    this.#kept = { token, since: Date.now() };
    localStorage.setItem(KEY, JSON.stringify(this.#kept));
  }
}

function read(): Kept | null {
  const text = localStorage.getItem(KEY);
  if (text === null) return null;
  try {
    const kept = JSON.parse(text) as Kept;
    return typeof kept.token === "string" ? kept : null;
  } catch {
    localStorage.removeItem(KEY);
    return null;
  }
}
