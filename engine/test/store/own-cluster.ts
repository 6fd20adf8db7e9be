// A cluster of a test file's own, to which our roles are new whenever a test wants them to be.
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { type OwnServer, startOwnServer } from "../../../behaviour/fixture/own-server.ts";
import { ask, run } from "./migrate-rig.ts";

export interface OwnCluster {
  /** URL of a database of this cluster, as superuser or as another login role. */
  url(database: string, login?: { role: string; password: string }): string;
  /** An empty database, or a copy of another one; dropped at the end of the test. */
  database(name: string, options?: string): Promise<string>;
  /** Drops all databases but the usual ones, the roles of ours and those of the tests. */
  clear: () => Promise<void>;
}

/** Starts it before the tests of the file and stops it after them. */
export function ownCluster(): OwnCluster {
  let server: OwnServer | undefined;
  beforeAll(async () => {
    server = await startOwnServer();
  });
  afterAll(async () => server?.stop());
  const adminUrl = () => server?.adminUrl ?? "";
  const url: OwnCluster["url"] = (database, login) => {
    const named = new URL(adminUrl());
    named.pathname = `/${database}`;
    if (login !== undefined) Object.assign(named, { username: login.role, password: login.password });
    return named.href;
  };
  return {
    url,
    async database(name, options = "TEMPLATE template0") {
      await run(adminUrl(), `CREATE DATABASE ${name} ${options}`);
      onTestFinished(() => run(adminUrl(), `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      return url(name);
    },
    clear: async () => {
      for (const found of [
        "SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database WHERE datname !~ '^(postgres|template.)$'",
        // Ours first: who granted them can only go after them.
        `SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user
         ORDER BY rolname !~ '^purser_'`,
      ])
        for (const statement of await ask(adminUrl(), found)) await run(adminUrl(), String(statement));
    },
  };
}
