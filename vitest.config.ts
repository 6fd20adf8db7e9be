import { defineConfig } from "vitest/config";

// One project a workspace, and `house` for the rules about the tree itself. Every project but `house` runs on real
// PostgreSQL: the global set-up starts one server for the run and the fixtures clone a template database from it.
const resolve = { conditions: ["@purser/source", "node"] };
const onDatabase = (name: string, include: string[], also: string[] = []) => ({
  resolve,
  ssr: { resolve },
  // The global set-up is loaded in an environment of its own.
  environments: { __vitest__: { resolve } },
  test: {
    name,
    include,
    globalSetup: ["./behaviour/fixture/global-setup.ts", ...also],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Patience and no promise: what a test waits for comes late where others want the processor as well.
    expect: { poll: { timeout: 20_000 } },
    pool: "forks" as const,
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      { test: { name: "house", include: ["tidy.test.ts"], testTimeout: 60_000 } },
      { test: { name: "sdk", include: ["sdk/test/**/*.test.ts"] } },
      onDatabase("engine", ["engine/test/**/*.test.ts"]),
      onDatabase("server", ["server/test/**/*.test.ts"]),
      onDatabase("console", ["console/test/**/*.test.ts"], ["./console/test/global-setup.ts"]),
      onDatabase("behaviour", ["behaviour/*.test.ts", "examples/*/test/**/*.test.ts"]),
    ],
  },
});
