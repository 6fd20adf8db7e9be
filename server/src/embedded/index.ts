// The embedded PostgreSQL: what the command line and the tests' set-up may use of it.
export { findBinaries } from "./binaries.ts";
export { type EmbeddedOptions, type EmbeddedPostgres, startEmbedded } from "./launch.ts";

/**
 * Which database to use: the one that DATABASE_URL names, else the embedded one. A blank DATABASE_URL is an error: it is
 * usually a secret that did not arrive, and an empty database in its place would look like lost data.
 */
export function chooseDatabase(
  environment: NodeJS.ProcessEnv,
): { kind: "external"; url: string } | { kind: "embedded" } {
  const url = environment["DATABASE_URL"];
  if (url === undefined) return { kind: "embedded" };
  if (url.trim() === "")
    throw new Error("DATABASE_URL is set but blank. Give it a value, or unset it to use the embedded PostgreSQL.");
  return { kind: "external", url: url.trim() };
}
