// claim, release_claim, report_count and refresh of the model.
import { accessOf, balanceOf } from "./access.ts";
import { type Args, given, invalid, isName, row, tenantOf, when } from "./answer.ts";
import { closeInterval, isUnlimited, record, standingOf, versionOf } from "./balance.ts";
import { openFor } from "./consume.ts";
import { type Amount, positive } from "./quantity.ts";
import type { Answer, Balance, Model } from "./state.ts";
import { freshen } from "./time.ts";

const UNIT = 1_000_000n;

/** How many are there: as many as are claimed, or as reported last. */
export const occupiedOf = (balance: Balance): number => balance.claims.length || reportedOf(balance);

const reportedOf = (balance: Balance): number => balance.reports.at(-1)?.counted ?? 0;

/** How far the count is from the limit; undefined while there is none. Below zero it is over. */
export function roomOf(balance: Balance): Amount | undefined {
  if (isUnlimited(balance)) return undefined;
  return standingOf(balance).granted - BigInt(occupiedOf(balance)) * UNIT;
}

export function occupancyOf(balance: Balance) {
  const room = roomOf(balance);
  return {
    available: room === undefined ? undefined : positive(room),
    over_limit: room === undefined ? 0n : positive(-room),
  };
}

function read(args: Args) {
  const [id, feature, resource] = [args["p_tenant"] ?? "", args["p_feature"] ?? "", args["p_resource"] ?? ""];
  const subject = given(args, "p_subject", "");
  const refused = invalid({
    tenant: id !== "",
    feature: feature !== "",
    resource: isName(resource, 1, 300),
    subject: subject !== null && isName(subject, 0),
  });
  return { id, feature, resource, subject: subject ?? "", refused };
}

/** Of a replay the version is the first one. */
const answerFor = (
  balance: Balance,
  outcome: string,
  first: number | undefined,
  restrictedBy: string | null,
): Answer => {
  const happened = ["claimed", "released"].includes(outcome);
  return row({
    outcome,
    replayed: first !== undefined,
    field: null,
    claimed: occupiedOf(balance),
    ...occupancyOf(balance),
    version: happened ? (first ?? versionOf(balance)) : null,
    restricted_by: restrictedBy,
  });
};

export function claim(model: Model, args: Args): Answer {
  const { id, feature, resource, subject, refused } = read(args);
  if (refused !== undefined) return refused;
  const tenant = tenantOf(model, id);
  const { per, restrictedBy } = accessOf(model, id, subject, feature, tenant?.clock ?? 0);
  const held = tenant && balanceOf(tenant, per === "subject" ? subject : "", feature);
  // What is held is held, whatever has been decided since.
  const first = held?.claims.find((one) => one.resource === resource);
  if (tenant !== undefined && held !== undefined && first !== undefined) {
    freshen(tenant, held);
    return answerFor(held, "claimed", first.version, restrictedBy);
  }
  const { balance, access, refusal } = {
    access: undefined,
    ...openFor(model, tenant, id, subject, feature, ["capacity"]),
  };
  if (refusal !== undefined || access === undefined)
    return held === undefined ? (refusal ?? {}) : answerFor(held, refusal?.["outcome"] ?? "", undefined, restrictedBy);
  if (reportedOf(balance) > 0) return answerFor(balance, "count_reported", undefined, restrictedBy);
  const room = roomOf(balance);
  if (access.enforcement === "hard" && room !== undefined && room < UNIT)
    return answerFor(balance, "limit_reached", undefined, restrictedBy);
  closeInterval(balance);
  balance.claims.push({ resource, version: versionOf(balance) + 1 });
  record(balance, "claim", UNIT);
  return answerFor(balance, "claimed", undefined, restrictedBy);
}

export function releaseClaim(model: Model, args: Args): Answer {
  const { id, feature, resource, subject, refused } = read(args);
  if (refused !== undefined) return refused;
  const tenant = tenantOf(model, id);
  const access = accessOf(model, id, subject, feature, tenant?.clock ?? 0);
  const refuse = (outcome: string) => row({ outcome, replayed: false });
  if (tenant === undefined || access.kind === null) return refuse(access.reason.toLowerCase());
  if (access.kind !== "capacity") return refuse("wrong_kind");
  const balance = balanceOf(tenant, access.per === "subject" ? subject : "", feature);
  const claimed = balance?.claims.find((one) => one.resource === resource);
  const released = balance?.released.find((one) => one.resource === resource);
  if (balance === undefined || (claimed === undefined && released === undefined)) return refuse("claim_unknown");
  freshen(tenant, balance);
  if (claimed === undefined) return answerFor(balance, "released", released?.version, access.restrictedBy);
  closeInterval(balance);
  balance.claims = balance.claims.filter((one) => one !== claimed);
  const { version } = record(balance, "release_claim", UNIT);
  balance.released = [...balance.released.filter((one) => one.resource !== resource), { resource, version }];
  return answerFor(balance, "released", undefined, access.restrictedBy);
}

export function reportCount(model: Model, args: Args): Answer {
  const [id, feature, count] = [args["p_tenant"] ?? "", args["p_feature"] ?? "", args["p_count"] ?? null];
  const subject = given(args, "p_subject", "");
  const refused = invalid({
    tenant: id !== "",
    feature: feature !== "",
    count: count !== null && Number(count) >= 0,
    subject: subject !== null && isName(subject, 0),
  });
  if (refused !== undefined) return refused;
  const tenant = tenantOf(model, id);
  // A count is what is the case, whatever is allowed: it is refused for that only where there is no balance to note it on.
  const { per } = accessOf(model, id, subject ?? "", feature, tenant?.clock ?? 0);
  const opened = openFor(model, tenant, id, subject ?? "", feature, ["capacity"]);
  const balance = opened.balance ?? (tenant && balanceOf(tenant, per === "subject" ? (subject ?? "") : "", feature));
  const isKind = model.features.get(feature)?.kind === "capacity";
  if (balance === undefined || !isKind || opened.refusal?.["outcome"] === "subject_required")
    return opened.refusal ?? {};
  if (balance.claims.length > 0) return row({ outcome: "claims_kept" });
  closeInterval(balance);
  const fact = record(balance, "report", BigInt(count ?? 0) * UNIT);
  balance.reports.push({ counted: Number(count), at: balance.at, version: fact.version });
  return row({
    outcome: "reported",
    field: null,
    counted: Number(count),
    ...occupancyOf(balance),
    reported_at: when(balance.at),
    version: fact.version,
  });
}

/** For a caller who counts its own rows: nobody else gets past this until its transaction ends. */
export function lockCapacity(model: Model, args: Args): Answer {
  const [id, feature] = [args["p_tenant"] ?? "", args["p_feature"] ?? ""];
  const subject = given(args, "p_subject", "");
  const refused = invalid({
    tenant: id !== "",
    feature: feature !== "",
    subject: subject !== null && isName(subject, 0),
  });
  if (refused !== undefined) return refused;
  const opened = openFor(model, tenantOf(model, id), id, subject ?? "", feature, ["capacity"]);
  if (opened.balance === undefined) return opened.refusal;
  const { balance, access } = opened;
  const limit = isUnlimited(balance) ? null : standingOf(balance).granted;
  const { version } = record(balance, "lock", 0n);
  return row({
    outcome: "locked",
    field: null,
    unlimited: isUnlimited(balance),
    quantity_limit: limit,
    version,
    enforcement: access.enforcement,
    restricted_by: access.restrictedBy,
  });
}

export function refresh(model: Model, args: Args): Answer {
  const [id, feature] = [args["p_tenant"] ?? "", args["p_feature"] ?? ""];
  const subject = given(args, "p_subject", "");
  const refused = invalid({
    tenant: id !== "",
    feature: feature !== "",
    subject: subject !== null && isName(subject, 0),
  });
  if (refused !== undefined) return refused;
  const tenant = tenantOf(model, id);
  if (tenant === undefined) return row({ outcome: "tenant_unknown" });
  if (!model.features.has(feature)) return row({ outcome: "feature_unknown" });
  const { per } = accessOf(model, id, subject ?? "", feature, tenant.clock);
  const balance = balanceOf(tenant, per === "subject" ? (subject ?? "") : "", feature);
  if (balance === undefined) return row({ outcome: "unchanged" });
  const before = versionOf(balance);
  freshen(tenant, balance);
  return row({
    outcome: versionOf(balance) === before ? "unchanged" : "refreshed",
    field: null,
    version: versionOf(balance),
  });
}
