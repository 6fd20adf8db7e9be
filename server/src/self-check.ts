// What a server looks at before it serves: whether its role can see and change too much, whether what it is told to be
// committed is committed, and whether the schema is there. The facts come from the engine; here they are judged.
import type { DatabaseFacts } from "@purser/engine";

export interface SelfCheck {
  /** Reasons not to serve, each with the way out. */
  readonly refusals: readonly string[];
  /** What is wrong and can be lived with. */
  readonly warnings: readonly string[];
}

const CLOCKS_MAY_DIFFER_MS = 1000;
const OLDEST_SERVER = 150_000;
const anyway = "To serve as it anyway, set PURSER_ALLOW_PRIVILEGED_ROLE=yes.";

/** Judges a connection. A privileged role is a warning where it was allowed and else a reason not to serve. */
export function judge(facts: DatabaseFacts, allowPrivilegedRole: boolean): SelfCheck {
  const refusals: string[] = [];
  const warnings: string[] = [];
  const { role } = facts;

  if (facts.serverVersion < OLDEST_SERVER) {
    refusals.push(`This is PostgreSQL ${facts.serverVersionText}; Purser needs 15 or newer.`);
  }
  const privileges = privilegesOf(facts);
  if (privileges !== undefined) {
    const way = `Log in as a role that is only a member of purser_service (GRANT purser_service TO <role>).`;
    const line = `The role ${role} ${privileges}: an error in any query would reach every tenant. ${way}`;
    if (allowPrivilegedRole) warnings.push(line);
    else refusals.push(`${line} ${anyway}`);
  }
  if (facts.tablesWithoutRowSecurity.length > 0) {
    const tables = facts.tablesWithoutRowSecurity.join(", ");
    refusals.push(`Row-level security is off for ${tables}. Run \`purser migrate\`, which turns it on.`);
  }
  if (facts.schema === "absent") refusals.push("This database has no schema of Purser. Run `purser migrate`.");
  else if (!facts.service) {
    refusals.push(`The role ${role} is not a member of purser_service. Run: GRANT purser_service TO "${role}";`);
  } else if (facts.schema === "behind") {
    refusals.push("The schema is older than this version of Purser. Run `purser migrate`.");
  } else if (facts.schema === "ahead") {
    warnings.push(`The schema is newer than this version of Purser (${facts.lastMigration}). Update this server soon.`);
  }

  if (!facts.fsync) warnings.push("fsync is OFF: after a crash of the machine consumptions and grants can be lost.");
  if (!facts.fullPageWrites) warnings.push("full_page_writes is OFF: a crash of the machine can damage the data.");
  if (facts.synchronousCommit === "off") {
    warnings.push("synchronous_commit is OFF: a crash can lose consumptions that were already confirmed.");
  }
  if (facts.statementTimeoutMs === 0 || facts.lockTimeoutMs === 0 || facts.idleInTransactionTimeoutMs === 0) {
    const settings = "statement_timeout, lock_timeout and idle_in_transaction_session_timeout";
    warnings.push(`The role ${role} has no limit for one of ${settings}; set them with ALTER ROLE, to 5s, 2s and 10s.`);
  }
  if (Math.abs(facts.clockDifferenceMs) > CLOCKS_MAY_DIFFER_MS) {
    warnings.push(`The database's clock and this machine's differ by ${facts.clockDifferenceMs} ms.`);
  }
  return { refusals, warnings };
}

function privilegesOf(facts: DatabaseFacts): string | undefined {
  if (facts.superuser) return "is a superuser";
  if (facts.bypassesRowSecurity) return "bypasses row-level security";
  if (facts.owner) return "has the rights of the owner of the tables";
  return undefined;
}
