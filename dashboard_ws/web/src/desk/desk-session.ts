/** A person's token: given for a password or an account of the provider, for one shift, forgotten with the tab. */

import type { Credentials, Renewal } from "../lib/link/session";

export type Role = "desk" | "health" | "admin";
/** What of the desk is shown. */
export type DeskView = "alerts" | "clusters" | "missing" | "returns" | "refused";
/** Where a person is in the desk. `chosen`: id of the alert that is open. */
export interface DeskPlace {
  readonly view: DeskView;
  readonly chosen: string;
}
export type LogIn = "in" | "wrong" | "slow" | "unreachable";

interface Given {
  readonly token: string;
  readonly role: Role;
  /** The provider of log-ins said who it is. */
  readonly byProvider?: boolean;
}

/** How the gateway says in the address how a log-in at the provider ended. */
const ARRIVED = /^#sso=(\w+)$/;
const PROVIDER = "/v1/desk/oidc";

const KEY = "pantau.desk";

export class DeskSession implements Credentials {
  /** Such a token is not renewed: the password is asked for again. */
  readonly due = false;
  #given: Given | null = read();

  get token(): string | null {
    return this.#given?.token ?? null;
  }

  get role(): Role | null {
    return this.#given?.role ?? null;
  }

  /** What this person may see of the desk. */
  get views(): readonly DeskView[] {
    return this.role === "admin" ? ["alerts", "missing", "refused"] : ["alerts", "clusters", "missing", "returns"];
  }

  async logIn(user: string, password: string): Promise<LogIn> {
    const answer = await fetch("/v1/desk/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user, password }),
    }).catch(() => null);
    if (answer === null) return "unreachable";
    if (!answer.ok) return answer.status === 429 ? "slow" : answer.status < 500 ? "wrong" : "unreachable";
    this.#take((await answer.json()) as Given);
    return "in";
  }

  /** Where a log-in at the provider begins; null: none is configured. */
  async provider(): Promise<string | null> {
    const answer = await fetch("/v1/desk/login").catch(() => null);
    const ways = answer?.ok ? ((await answer.json()) as { readonly provider: boolean }) : null;
    const region = new URLSearchParams(location.search).get("region");
    return ways?.provider ? `${PROVIDER}/start?${new URLSearchParams(region === null ? {} : { region })}` : null;
  }

  /** After a log-in at the provider: "in", or what went wrong; null: the page was opened otherwise. */
  async arrived(): Promise<string | null> {
    const outcome = ARRIVED.exec(location.hash)?.[1] ?? null;
    if (outcome === null) return null;
    history.replaceState(null, "", location.pathname + location.search);
    if (outcome !== "in") return outcome;
    const answer = await fetch(`${PROVIDER}/token`, { method: "POST" }).catch(() => null);
    if (!answer?.ok) return "failed";
    this.#take({ ...((await answer.json()) as Given), byProvider: true });
    return "in";
  }

  #take({ token, role, byProvider = false }: Given): void {
    this.#given = { token, role, byProvider };
    sessionStorage.setItem(KEY, JSON.stringify(this.#given));
  }

  logOut(): void {
    const isByProvider = this.#given?.byProvider ?? false;
    sessionStorage.removeItem(KEY);
    if (isByProvider) location.assign(`${PROVIDER}/end`);
    else location.reload();
  }

  async open(): Promise<void> {}

  async renew(): Promise<Renewal> {
    return Promise.resolve("ended");
  }

  bearer(): Record<string, string> {
    return this.#given === null ? {} : { Authorization: `Bearer ${this.#given.token}` };
  }
}

function read(): Given | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Given | null;
  } catch {
    return null;
  }
}
