// The role that a development server logs in as. It is a member of purser_service and nothing more, so that what works here
// works in production, where nobody serves as a superuser; and it carries the time limits that a server wants.
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { text } from "./unknown-value.ts";

/**
 * A statement, a wait for a lock and an idle transaction end after this long; times are told in UTC. The functions wait five
 * seconds for a lock and are told so, which a shorter statement would not live to hear.
 */
const limits = {
  statement_timeout: "10s",
  lock_timeout: "2s",
  idle_in_transaction_session_timeout: "10s",
  timezone: "UTC",
};

export interface LoginRole {
  readonly role: string;
  readonly password: string;
  /** Whether it may make tables of its own in schema public: a first application's, in a database that is only for trying. */
  readonly createsTables?: boolean;
}

/**
 * Sees to it that the role is there and can log in, and answers the URL for it; or, where the administrator's role may not
 * make one or the server lets it not in, what stands in the way. Changes nothing where all is as it should be.
 */
export async function ensureLoginRole(
  adminUrl: string,
  login: LoginRole,
): Promise<{ readonly url: string } | { readonly hindrance: string }> {
  const url = urlFor(adminUrl, login);
  const admin = new Client({ connectionString: adminUrl, application_name: "purser dev" });
  admin.on("error", () => undefined);
  await admin.connect();
  try {
    await makeRole(admin, login);
    if (await isWelcome(url)) return { url };
    await admin.query(`ALTER ROLE ${escapeIdentifier(login.role)} PASSWORD ${escapeLiteral(login.password)}`);
    if (await isWelcome(url)) return { url };
    return { hindrance: `the server does not let the new role ${login.role} log in (pg_hba.conf?)` };
  } catch (error) {
    if (!["42501", "0LP01"].includes(text(error, "code"))) throw error;
    return { hindrance: `the role in DATABASE_URL may not make a login role of its own: ${text(error, "message")}` };
  } finally {
    await admin.end();
  }
}

async function makeRole(admin: Client, { role, password, createsTables = false }: LoginRole): Promise<void> {
  const name = escapeIdentifier(role);
  const wanted = Object.entries(limits).map(([setting, value]) => `${setting}=${value}`);
  const { rows } = await admin.query<{ settings: string[]; member: boolean; creates: boolean }>(
    `SELECT coalesce((SELECT s.setconfig FROM pg_db_role_setting s WHERE s.setrole = r.oid AND s.setdatabase = 0), '{}') AS settings,
            pg_has_role(r.oid, 'purser_service', 'USAGE') AS member,
            has_schema_privilege(r.oid, 'public', 'CREATE') AS creates
     FROM pg_roles r WHERE r.rolname = $1`,
    [role],
  );
  const [found] = rows;
  const settings = found?.settings.map((setting) => setting.toLowerCase()) ?? [];
  const complete = wanted.every((setting) => settings.includes(setting.toLowerCase()));
  if (found !== undefined && found.member && complete && (found.creates || !createsTables)) return;
  await admin.query("BEGIN");
  if (found === undefined) {
    // As a verifier the password would not show in a log of statements; a development server logs none.
    await admin.query(
      `CREATE ROLE ${name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD ${escapeLiteral(password)}`,
    );
  }
  for (const [setting, value] of Object.entries(limits)) {
    await admin.query(`ALTER ROLE ${name} SET ${setting} = ${escapeLiteral(value)}`);
  }
  if (found?.member !== true) await admin.query(`GRANT purser_service TO ${name}`);
  if (createsTables) await admin.query(`GRANT CREATE ON SCHEMA public TO ${name}`);
  await admin.query("COMMIT");
}

/** Whether the role gets in at its URL. Anything but a refusal to let it in is thrown. */
async function isWelcome(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, application_name: "purser dev" });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    // invalid_password, invalid_authorization_specification, insufficient_privilege (no CONNECT)
    if (["28P01", "28000", "42501"].includes(text(error, "code"))) return false;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function urlFor(adminUrl: string, { role, password }: LoginRole): string {
  const url = new URL(adminUrl);
  url.searchParams.delete("user");
  url.searchParams.delete("password");
  if (url.hostname === "") {
    // A URL without a host (a Unix socket) has no place for a user but among the parameters.
    url.searchParams.set("user", role);
    url.searchParams.set("password", password);
  } else {
    url.username = role;
    url.password = password;
  }
  return url.href;
}
