/** The operator's token for this tab. It is never written anywhere that outlives the tab. */

const KEY = "tiltyard.admin-token";

export function adminToken(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function keepAdminToken(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is forbidden: the token can't be kept, and the server will ask again.
  }
}
