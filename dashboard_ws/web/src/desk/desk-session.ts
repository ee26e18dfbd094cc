/** A person's token: given for a password, for one shift, forgotten with the tab. */

import type { Credentials, Renewal } from "../lib/link/session";

export type Role = "desk" | "health" | "admin";
export type LogIn = "in" | "wrong" | "slow" | "unreachable";

interface Given {
  readonly token: string;
  readonly role: Role;
}

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

  async logIn(user: string, password: string): Promise<LogIn> {
    const answer = await fetch("/v1/desk/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user, password }),
    }).catch(() => null);
    if (answer === null) return "unreachable";
    if (!answer.ok) return answer.status === 429 ? "slow" : answer.status < 500 ? "wrong" : "unreachable";
    const { token, role } = (await answer.json()) as Given;
    this.#given = { token, role };
    sessionStorage.setItem(KEY, JSON.stringify(this.#given));
    return "in";
  }

  logOut(): void {
    sessionStorage.removeItem(KEY);
    location.reload();
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
