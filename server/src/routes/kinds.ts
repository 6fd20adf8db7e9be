// What fits a feature where a verb does not: said of the kind it turned out to be.
import type { Decision } from "@purser/engine";
import type { RefusedAnswer } from "../answer.ts";
import type { OpenPurser } from "../open-purser.ts";

export type Ways = Readonly<Partial<Record<NonNullable<Decision["kind"]>, string>>>;

/** Of what nothing can be taken or set aside. */
export const notConsumed: Ways = {
  flag: "it is on or off; ask with POST /v1/tenants/{tenant}/check",
  value: "it has no amount to take; read it with POST /v1/tenants/{tenant}/check",
  capacity: "it is how many exist at once; occupy a slot with POST /v1/tenants/{tenant}/claims",
};

/** Of what nothing can be added to. */
export const notGranted: Ways = {
  flag: "it comes with a plan or a tier; see POST /v1/tenants/{tenant}/subscription",
  value: "it comes with a plan; see POST /v1/tenants/{tenant}/subscription",
};

/** Of what has no slots. */
export const notClaimed: Ways = {
  flag: "it is on or off; ask with POST /v1/tenants/{tenant}/check",
  value: "it has no slots; read it with POST /v1/tenants/{tenant}/check",
  metered: "it is used up; take from it with POST /v1/tenants/{tenant}/consume",
  credits: "they are used up; take from them with POST /v1/tenants/{tenant}/consume",
};

/** Says of which kind a feature is, and what fits that. */
export async function wrongKind(
  purser: OpenPurser,
  asked: { readonly tenant: string; readonly feature: string },
  ways: Ways,
  place: "body" | "path" = "body",
): Promise<RefusedAnswer> {
  const found = await purser.check(asked);
  const way = "outcome" in found || found.kind === null ? undefined : ways[found.kind];
  if ("outcome" in found || way === undefined) return { outcome: "wrong_kind" };
  const detail = `${found.feature} is a ${found.kind}: ${way}`;
  const pointed = place === "body" ? { pointer: "#/feature" } : {};
  return { outcome: "wrong_kind", detail: `${detail}.`, errors: [{ in: place, field: "feature", ...pointed, detail }] };
}
