#!/usr/bin/env node
// The command line: which command, with which flags, and what the process ends with.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { MigrationRefused } from "@purser/engine";
import { CommandFailed, exit, type Exit, type Surroundings } from "./commands/command.ts";
import { dev } from "./commands/dev.ts";
import { diff } from "./commands/diff.ts";
import { explain } from "./commands/explain.ts";
import { importFile } from "./commands/import.ts";
import { createKey, revokeKey } from "./commands/keys.ts";
import { migrate } from "./commands/migrate.ts";
import { pull } from "./commands/pull.ts";
import { push } from "./commands/push.ts";
import { serve } from "./commands/serve.ts";
import { verify } from "./commands/verify.ts";
import { work } from "./commands/work.ts";
import { readSettings, settingsHelp } from "./settings.ts";

type Flags = Readonly<Record<string, string | boolean | undefined>>;
interface Command {
  readonly usage: string;
  readonly summary: string;
  readonly flags: Readonly<Record<string, { readonly type: "string" | "boolean" }>>;
  /** How many words may follow the command. */
  readonly words: number;
  /** What wrong usage ends with, where the usual code means something else. */
  readonly misuse?: Exit;
  run(surroundings: Surroundings, flags: Flags, words: readonly string[]): Promise<Exit>;
}

const directoryFlag = { directory: { type: "string" } } as const;
const configFlag = { config: { type: "string" } } as const;
const directoryOf = (flags: Flags) => resolve(text(flags, "directory") ?? ".purser");

const commands: Readonly<Record<string, Command>> = {
  dev: {
    usage: "dev [--demo] [--port N] [--directory .purser]",
    summary: "everything in one command: PostgreSQL, schema, example catalogue, a key, the server",
    flags: { demo: { type: "boolean" }, port: { type: "string" }, ...directoryFlag },
    words: 0,
    run: (surroundings, flags) =>
      dev(surroundings, { directory: directoryOf(flags), demo: flags["demo"] === true, port: portOf(flags) }),
  },
  migrate: {
    usage: "migrate [--dry-run | --print]",
    summary: "bring the database to this version's schema, show what that would do, or print it for psql",
    flags: { "dry-run": { type: "boolean" }, print: { type: "boolean" } },
    words: 0,
    run: (surroundings, flags) => {
      const [dryRun, print] = [flags["dry-run"] === true, flags["print"] === true];
      if (dryRun && print) throw new CommandFailed(exit.usage, "--dry-run and --print do not go together.");
      return migrate(surroundings, { dryRun, print });
    },
  },
  serve: {
    usage: "serve [--no-worker]",
    summary: "the server, on DATABASE_URL, and a worker in it unless told not to",
    flags: { "no-worker": { type: "boolean" } },
    words: 0,
    run: (surroundings, flags) => serve(surroundings, { worker: flags["no-worker"] !== true }),
  },
  work: {
    usage: "work [--once] [--json]",
    summary:
      "the worker alone, on DATABASE_URL: does what time has made due, until it is stopped or, once, until nothing is left",
    flags: { once: { type: "boolean" }, json: { type: "boolean" } },
    words: 0,
    run: (surroundings, flags) => work(surroundings, { once: flags["once"] === true, json: flags["json"] === true }),
  },
  diff: {
    usage: "diff [--config purser.config.ts] [--json] [--directory D]",
    summary:
      "what push would change, and whom; ends with 0 where nothing, 2 where something, 1 where that cannot be said",
    flags: { json: { type: "boolean" }, ...configFlag, ...directoryFlag },
    words: 0,
    misuse: exit.failed,
    run: (surroundings, flags) =>
      diff(surroundings, {
        directory: directoryOf(flags),
        config: text(flags, "config"),
        json: flags["json"] === true,
      }),
  },
  push: {
    usage: "push [--config purser.config.ts] [--yes [--emptying]] [--dry-run] [--directory D]",
    summary: "publish the catalogue of the file, after showing what changes and asking",
    flags: {
      yes: { type: "boolean" },
      emptying: { type: "boolean" },
      "dry-run": { type: "boolean" },
      ...configFlag,
      ...directoryFlag,
    },
    words: 0,
    run: (surroundings, flags) =>
      push(surroundings, {
        directory: directoryOf(flags),
        config: text(flags, "config"),
        yes: flags["yes"] === true,
        emptying: flags["emptying"] === true,
        dryRun: flags["dry-run"] === true,
      }),
  },
  pull: {
    usage: "pull [--config purser.config.ts] [--force] [--directory D]",
    summary: "write the published catalogue as a typed file",
    flags: { force: { type: "boolean" }, ...configFlag, ...directoryFlag },
    words: 0,
    run: (surroundings, flags) =>
      pull(surroundings, {
        directory: directoryOf(flags),
        config: text(flags, "config"),
        force: flags["force"] === true,
      }),
  },
  explain: {
    usage: "explain TENANT FEATURE [--subject S] [--at TIME] [--json] [--directory D]",
    summary: "why a balance is what it is, now or at an instant that has passed",
    flags: { subject: { type: "string" }, at: { type: "string" }, json: { type: "boolean" }, ...directoryFlag },
    words: 2,
    run: (surroundings, flags, [tenant, feature]) =>
      explain(surroundings, {
        directory: directoryOf(flags),
        tenant,
        feature,
        subject: text(flags, "subject"),
        at: text(flags, "at"),
        json: flags["json"] === true,
      }),
  },
  verify: {
    usage: "verify [--tenant T] [--json] [--directory D]",
    summary: "recompute every balance from its facts and name what does not hold; ends with 4 where something does not",
    flags: { tenant: { type: "string" }, json: { type: "boolean" }, ...directoryFlag },
    words: 0,
    run: (surroundings, flags) =>
      verify(surroundings, {
        directory: directoryOf(flags),
        tenant: text(flags, "tenant"),
        json: flags["json"] === true,
      }),
  },
  import: {
    usage: "import FILE [--dry-run] [--directory D]",
    summary: "take over another system's JSON entitlements and the tenants that hold them, all or nothing",
    flags: { "dry-run": { type: "boolean" }, ...directoryFlag },
    words: 1,
    run: (surroundings, flags, [file]) =>
      importFile(surroundings, { directory: directoryOf(flags), file, dryRun: flags["dry-run"] === true }),
  },
  "keys create": {
    usage: "keys create --name N --scopes all|a,b [--tenant T] [--mode live|test] [--expires TIME] [--directory D]",
    summary: "make a secret key and print it, once",
    flags: {
      name: { type: "string" },
      scopes: { type: "string" },
      tenant: { type: "string" },
      mode: { type: "string" },
      expires: { type: "string" },
      ...directoryFlag,
    },
    words: 0,
    run: (surroundings, flags) =>
      createKey(surroundings, {
        directory: directoryOf(flags),
        name: text(flags, "name"),
        scopes: text(flags, "scopes"),
        tenant: text(flags, "tenant"),
        mode: text(flags, "mode"),
        expires: text(flags, "expires"),
      }),
  },
  "keys revoke": {
    usage: "keys revoke KEY_ID [--directory D]",
    summary: "end a key at once",
    flags: directoryFlag,
    words: 1,
    run: (surroundings, flags, [keyId]) => revokeKey(surroundings, { directory: directoryOf(flags), keyId }),
  },
};

const help = [
  "purser COMMAND",
  "",
  ...Object.values(commands).flatMap(({ usage, summary }) => [`  purser ${usage}`, `      ${summary}`]),
  "  purser help",
  "",
  "Exit codes: 0 done · 1 failed · 2 wrong usage or settings · 3 refused, with the reason and the way out",
  "(verify: 4 something does not hold)",
  "(diff: 0 no difference · 2 a difference · 1 anything else; work --once: 1 also where something could not be done)",
  "",
  "Settings (environment):",
  ...settingsHelp.map(([name, meaning]) => `  ${name.padEnd(30)} ${meaning}`),
].join("\n");

function text(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
}

function portOf(flags: Flags): number | undefined {
  const port = text(flags, "port");
  if (port === undefined) return undefined;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new CommandFailed(exit.usage, "--port is 0 to 65535.");
  return Number(port);
}

async function main(given: readonly string[]): Promise<Exit> {
  const [first = "", second = ""] = given;
  if (["help", "--help", "-h"].includes(first)) {
    console.log(help);
    return exit.done;
  }
  const name = Object.hasOwn(commands, `${first} ${second}`) ? `${first} ${second}` : first;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    console.error(`${first === "" ? "A command is needed" : `There is no command "${given.join(" ")}"`}.\n\n${help}`);
    return exit.usage;
  }
  try {
    const rest = given.slice(name.split(" ").length);
    if (rest.some((word) => word === "--help" || word === "-h")) {
      console.log(`usage: purser ${command.usage}\n    ${command.summary}`);
      return exit.done;
    }
    const { values, positionals } = parsed(command, rest);
    const settings = readSettings(process.env);
    if ("problems" in settings) throw new CommandFailed(exit.usage, settings.problems.join("\n"));
    return await command.run({ settings, print, warn, stop: stopSignal() }, values, positionals);
  } catch (error) {
    if (error instanceof CommandFailed) {
      console.error(error.message);
      if (error.exit !== exit.usage) return error.exit;
      console.error(`\nusage: purser ${command.usage}`);
      return command.misuse ?? exit.usage;
    }
    if (error instanceof MigrationRefused) {
      console.error(error.message);
      return exit.refused;
    }
    console.error(error instanceof Error ? told(error) : "something that is no error was thrown");
    return exit.failed;
  }
}

const print = (line: string) => console.log(line);
const warn = (line: string) => console.error(line);

function parsed(command: Command, given: readonly string[]) {
  try {
    const found = parseArgs({ args: [...given], options: command.flags, allowPositionals: command.words > 0 });
    if (found.positionals.length > command.words) throw new TypeError(`Unexpected "${found.positionals.at(-1)}"`);
    return found;
  } catch (error) {
    throw new CommandFailed(exit.usage, error instanceof Error ? error.message : "wrong flags");
  }
}

/** What a person needs of an error: its sentence. Those of a connection that was refused stand in a list. */
function told(error: Error): string {
  if (error instanceof AggregateError)
    return error.errors.map((one) => (one instanceof Error ? told(one) : "")).join("\n");
  return error.message;
}

const ORPHANED_MS = 500;

/** Asked once, the process stops in order; asked twice, at once. */
function stopSignal(): AbortSignal {
  const asked = new AbortController();
  // Who ends `npm start` by its process id ends npm and the shell it runs scripts in, and that shell tells us nothing.
  const parent = process.ppid;
  if (process.env["npm_lifecycle_event"] !== undefined) {
    setInterval(() => process.ppid !== parent && asked.abort(), ORPHANED_MS).unref();
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (asked.signal.aborted) process.exit(130);
      asked.abort();
    });
  }
  return asked.signal;
}

process.exitCode = await main(process.argv.slice(2));
