/** What a token, code or link says of itself, unchecked. */

interface Claims {
  readonly kind?: string;
  /** Id of the unit or recipient. */
  readonly sub?: string;
  readonly made_ms?: number;
  /** Epoch seconds. */
  readonly exp?: number;
  /** End of the school link that the token came by. */
  readonly until?: number;
}

/** Empty for what is no token. */
export function claimsOf(token: string): Claims {
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    return JSON.parse(atob(payload)) as Claims;
  } catch {
    return {};
  }
}

/** Whether a token is in the second half of its life at `now`, epoch ms of the server. One that does not end never is. */
export function isHalfOver(token: string, now: number): boolean {
  const { made_ms, exp } = claimsOf(token);
  return exp !== undefined && now >= ((made_ms ?? 0) + exp * 1000) / 2;
}
