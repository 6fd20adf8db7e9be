// The environment, read once and checked whole. What is not named here is not a setting.
import { z } from "zod";

const blank = "is set but blank: give it a value, or unset it";
const filled = z.string().trim().min(1, { error: blank, abort: true });
// Without a scheme of PostgreSQL's the driver looks for a host of some other name.
const database = filled.regex(/^(postgres|postgresql):\/\//, "must begin with postgres:// or postgresql://");
const yes = z.literal("yes", 'takes only "yes"').transform(() => true);

const shape = z.object({
  DATABASE_URL: database.optional(),
  PURSER_ADMIN_URL: database.optional(),
  PURSER_HOST: filled.default("127.0.0.1"),
  PURSER_PORT: filled
    .regex(/^\d{1,5}$/, "must be a port, 0 to 65535")
    .transform(Number)
    .refine((port) => port <= 65_535, "must be a port, 0 to 65535")
    .optional(),
  PURSER_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).optional(),
  PURSER_POOL_SIZE: filled
    .regex(/^[1-9]\d{0,3}$/, "must be a number from 1 to 9999")
    .transform(Number)
    .default(10),
  PURSER_TICK_SECONDS: filled
    .regex(/^[1-9]\d{0,3}$/, "must be a number from 1 to 9999")
    .transform(Number)
    .default(60),
  PURSER_METRICS: z
    .enum(["yes", "no"], 'takes only "yes" or "no"')
    .transform((said) => said === "yes")
    .optional(),
  PURSER_ALLOW_PRIVILEGED_ROLE: yes.optional(),
});

/** What each setting is for, as `purser help` prints it. */
export const settingsHelp: readonly (readonly [name: string, meaning: string])[] = [
  ["DATABASE_URL", "the database, as the role that serves; unset: dev runs an embedded PostgreSQL"],
  ["PURSER_ADMIN_URL", "the same database as the role that migrates; unset: DATABASE_URL"],
  ["PURSER_HOST", "where to listen; 127.0.0.1"],
  ["PURSER_PORT", "the port; 4242"],
  ["PURSER_LOG_LEVEL", "debug, info, warn, error or silent; info for serve and warn for dev"],
  ["PURSER_POOL_SIZE", "connections to the database, at most; 10"],
  ["PURSER_TICK_SECONDS", "how long the worker waits at most before it looks again for what is due; 60"],
  ["PURSER_METRICS", "yes: /metrics, for whoever reaches the address; no: none; unset: dev has it on loopback"],
  ["PURSER_ALLOW_PRIVILEGED_ROLE", "yes: serve even as superuser, owner or past row-level security"],
  ["PURSER_PG_BIN", "the directory of the PostgreSQL programs that dev shall use"],
  ["PURSER_EMBEDDED_IN_PRODUCTION", "yes: dev starts its PostgreSQL even where NODE_ENV is production"],
];

export interface Settings {
  readonly databaseUrl: string | undefined;
  /** As whom to migrate. */
  readonly adminUrl: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent" | undefined;
  readonly poolSize: number;
  /** From one look of the worker at what is due to the next, at most. */
  readonly tickSeconds: number;
  /** Undefined where it is not said: then it depends on who could ask. */
  readonly metrics: boolean | undefined;
  readonly allowPrivilegedRole: boolean;
  /** The whole environment, for the launcher of PostgreSQL, which passes it on. */
  readonly environment: NodeJS.ProcessEnv;
}

/** The settings of a process, or a line for each that is wrong. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings | { readonly problems: readonly string[] } {
  const { success, data, error } = shape.safeParse(environment);
  if (!success) return { problems: error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`) };
  return {
    databaseUrl: data.DATABASE_URL,
    adminUrl: data.PURSER_ADMIN_URL ?? data.DATABASE_URL,
    host: data.PURSER_HOST,
    port: data.PURSER_PORT,
    logLevel: data.PURSER_LOG_LEVEL,
    poolSize: data.PURSER_POOL_SIZE,
    tickSeconds: data.PURSER_TICK_SECONDS,
    metrics: data.PURSER_METRICS,
    allowPrivilegedRole: data.PURSER_ALLOW_PRIVILEGED_ROLE ?? false,
    environment,
  };
}
