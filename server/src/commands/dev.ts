import { inspectDatabase } from "@purser/engine";
import type { Pool } from "pg";
import { curlLines } from "../demo/curl.ts";
import { createSignInCode } from "../console/sign-in.ts";
import { hasSite } from "../console/site.ts";
import { exampleCatalog } from "../demo/catalog.ts";
import { demoTenants, makeDemoTenants } from "../demo/tenants.ts";
import { type DevelopmentDatabase, openDevelopmentDatabase, recall, remember } from "../development.ts";
import { oneAtATime } from "../embedded/turn.ts";
import { createApiKey, randomWord, readKey, sameSecret } from "../keys.ts";
import { openPurser, type OpenPurser } from "../open-purser.ts";
import { scopes } from "../scopes.ts";
import { judge } from "../self-check.ts";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";
import { askedToStop, openPool, serveOn } from "./running.ts";

export interface DevOptions {
  readonly directory: string;
  /** The example catalogue's tenants. */
  readonly demo: boolean;
  readonly port: number | undefined;
}

/** `purser dev`: a database, the schema, a catalogue, a key and the server, in one command. */
export async function dev(surroundings: Surroundings, options: DevOptions): Promise<Exit> {
  const { settings, print, warn, stop } = surroundings;
  const { environment, adminUrl } = settings;
  const { directory } = options;
  const database = await openDevelopmentDatabase({ directory, environment, adminUrl, onLog: (line) => warn(line) });
  try {
    const pool = openPool(database.serviceUrl, settings);
    let served = false;
    try {
      const facts = await inspectDatabase(pool);
      // On a developer's machine a privileged role is told of and not refused; all else has to be right here too.
      const { refusals, warnings } = judge(facts, true);
      if (database.hindrance !== undefined) warn(`warning: ${database.hindrance}. Serving as the role given.`);
      for (const line of warnings) warn(`warning: ${line}`);
      if (refusals.length > 0) throw new CommandFailed(exit.refused, refusals.join("\n"));

      const purser = openPurser(pool);
      const { inForce, keys } = await oneAtATime(directory, async () => ({
        inForce: await furnish(purser, pool, options, surroundings),
        keys: await keysOf(purser, directory),
      }));
      const signIn = createSignInCode([keys.live, keys.test]);
      const listening = await serveOn(pool, purser, surroundings, {
        port: options.port ?? settings.port ?? 4242,
        orNext: options.port === undefined && settings.port === undefined,
        logLevel: "warn",
        metrics: "on loopback",
        worker: true,
        signIn,
      });
      served = true;
      const { url } = listening;
      print(
        [
          `Purser is ready at ${url}`,
          "",
          `  PostgreSQL        ${facts.serverVersionText} at ${database.where}${whose(database, directory)}`,
          ...(database.embedded === undefined || database.hindrance !== undefined
            ? []
            : [
                `  DATABASE_URL      ${database.serviceUrl}   (for psql and your own application; it may make tables)`,
                `  PURSER_ADMIN_URL  ${database.adminUrl}   (the database's owner: for migrations alone)`,
              ]),
          `  schema            version ${database.schemaVersion}`,
          `  catalogue         ${inForce.told}`,
          ...(hasSite()
            ? [`  console           ${url}/sign-in#${signIn.code}   (signs in once; later, paste a key)`]
            : []),
          `  API               ${url}/v1   (what it takes: ${url}/docs)`,
          `  key               ${keys.live}`,
          `  test key          ${keys.test}   (for test tenants, which have a clock)`,
          ...(options.demo && inForce.example ? ["", "Paste one:", ...tryOut(url, keys.live)] : []),
          "",
          "Ctrl-C stops it; what is in the database stays.",
        ].join("\n"),
      );
      await askedToStop(stop);
      warn("Stopping …");
      await listening.close();
      return exit.done;
    } finally {
      if (!served) await pool.end();
    }
  } finally {
    await database.stop();
  }
}

function whose({ embedded }: DevelopmentDatabase, directory: string): string {
  if (embedded === undefined) return " (DATABASE_URL)";
  return ` (embedded, in ${embedded.home === directory ? directory : embedded.home})`;
}

function tryOut(url: string, key: string): string[] {
  return curlLines({ url, key, word: randomWord(3) }).flatMap(({ shows, line }) => ["", `# ${shows}`, line]);
}

/** Which catalogue is in force, and whether it is the example's. */
interface InForce {
  readonly example: boolean;
  /** For people, on one line. */
  readonly told: string;
}

const actor = "purser dev";

/**
 * Publishes the example catalogue where none was ever published, or where the newest revision is one that this command
 * published, and then makes the demo's tenants. What anybody else published is theirs and stays in force.
 */
async function furnish(purser: OpenPurser, pool: Pool, { demo }: DevOptions, { warn }: Surroundings): Promise<InForce> {
  const inForce = await exampleInForce(purser);
  if (demo && inForce.example) {
    const made = await makeDemoTenants(purser, pool);
    if (made > 0) warn(`Made ${made} of the demo's ${demoTenants.length} tenants.`);
  }
  return inForce;
}

async function exampleInForce(purser: OpenPurser): Promise<InForce> {
  const newest = await purser.publishedCatalog();
  const ours = newest === undefined || newest.publishedBy === actor;
  // On top of what was looked at and nothing else: who publishes at this very moment is not published over.
  const published = await purser.publishCatalog({
    catalog: exampleCatalog,
    actor,
    dryRun: !ours,
    expectedRevision: newest?.revision ?? 0,
  });
  if (published.outcome === "invalid_input" && ours) {
    const [problem] = published.problems;
    throw new CommandFailed(exit.failed, `The example catalogue: ${problem?.path} ${problem?.problem}`);
  }
  if (published.outcome === "unchanged" || (published.outcome === "published" && ours)) {
    return { example: true, told: `revision ${published.revision}, the example's` };
  }
  const theirs = await purser.publishedCatalog();
  const standing = `revision ${theirs?.revision}, published by ${theirs?.publishedBy}`;
  return { example: false, told: `${standing}; it stays, and the example catalogue and its tenants are left out` };
}

/** The keys of the last start where they are still in force, else new ones. They lie in the directory, for its owner. */
async function keysOf(purser: OpenPurser, directory: string): Promise<{ live: string; test: string }> {
  const known = recall(directory, "keys") ?? {};
  const inForce = async (key: string | undefined) => {
    const presented = readKey(key ?? "");
    const row = presented && (await purser.apiKeys.find(presented.keyId));
    // One of an earlier version may not be allowed all there is by now.
    const allowed = scopes.every((scope) => row?.scopes.includes(scope) === true);
    const same = row !== undefined && sameSecret(row.secret_hash, presented?.secretHash ?? Buffer.alloc(0));
    return same && allowed ? key : undefined;
  };
  const make = async (mode: "live" | "test") => {
    const made = await createApiKey(purser, { name: "development", mode, scopes, actor });
    if (made.outcome !== "created") throw new Error(`a key could not be made: ${made.outcome}`);
    return made.key;
  };
  const live = (await inForce(known["live"])) ?? (await make("live"));
  const test = (await inForce(known["test"])) ?? (await make("test"));
  if (live !== known["live"] || test !== known["test"]) remember(directory, "keys", { live, test });
  return { live, test };
}
