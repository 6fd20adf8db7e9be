// What the browser brings along by itself, and whether the page that made it ask was ours.
import type { IncomingHttpHeaders } from "node:http";
import { LIFETIME_S } from "./sessions.ts";

export const modes = ["live", "test"] as const;
export type Mode = (typeof modes)[number];

/** One session a mode, so that an operator can have both. The prefix lets nobody else's page set a secure one. */
const nameOf = (mode: Mode, secure: boolean) => `${secure ? "__Host-" : ""}purser_${mode}`;

/** The session that a request brought for a mode, if it did. */
export function sessionIn(headers: IncomingHttpHeaders, mode: Mode): string | undefined {
  const cookies = (headers.cookie ?? "").split(";").map((pair) => pair.trim().split("="));
  const named = (name: string) => cookies.find(([given]) => given === name)?.[1];
  return named(nameOf(mode, true)) ?? named(nameOf(mode, false));
}

/** The mode whose session a page of the console asks with; others ask with `live`. */
export function modeAsked(headers: IncomingHttpHeaders): Mode {
  return headers["purser-mode"] === "test" ? "test" : "live";
}

/** The header that hands a session to the browser, or takes it back. `Strict`: the console asks for its data itself. */
export function setCookie(headers: IncomingHttpHeaders, mode: Mode, session: string | undefined): string {
  const secure = headers.origin?.startsWith("https:") === true;
  const age = session === undefined ? 0 : LIFETIME_S;
  const flags = `Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
  return `${nameOf(mode, secure)}=${session ?? ""}; ${flags}`;
}

/**
 * Whether a request was made by a page of this server. Browsers say so themselves, in a header that no page can set, and
 * leave it out on plain HTTP beyond this machine; there the origin has to be ours. A client that says neither is no
 * browser, and has no business with a cookie.
 */
export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  const { origin, host } = headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
