/** What a token says of itself, unchecked: when its phone should ask for the next. */

interface Claims {
  readonly made_ms?: number;
  /** Epoch seconds. */
  readonly exp?: number;
}

/** Whether a token is in the second half of its life at `now`, epoch ms of the server. One that does not end never is. */
export function isHalfOver(token: string, now: number): boolean {
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const { made_ms, exp } = JSON.parse(atob(payload)) as Claims;
    return exp !== undefined && now >= ((made_ms ?? 0) + exp * 1000) / 2;
  } catch {
    return false;
  }
}
