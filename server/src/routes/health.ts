import { z } from "zod";
import { nothing, route } from "./route.ts";

export const healthz = route({
  method: "GET",
  path: "/healthz",
  operation: "getHealth",
  summary: "Whether this process runs. Asks nothing of the database.",
  noun: "Health",
  scope: undefined,
  params: nothing,
  query: nothing,
  body: undefined,
  keyed: false,
  answers: { found: z.strictObject({ status: z.literal("ok") }).meta({ id: "Health" }) },
  refusals: [],
  example: { answer: { status: "ok" } },
  handle: () => Promise.resolve({ outcome: "found", body: { status: "ok" } }),
});

export const readyz = route({
  method: "GET",
  path: "/readyz",
  operation: "getReadiness",
  summary: "Whether this process can answer: the database is reached and has the schema.",
  noun: "Health",
  scope: undefined,
  params: nothing,
  query: nothing,
  body: undefined,
  keyed: false,
  answers: {
    found: z
      .strictObject({
        status: z.literal("ready"),
        catalogRevision: z.int().nullable().meta({ description: "Null where no catalogue has been published." }),
      })
      .meta({ id: "Readiness" }),
  },
  refusals: ["unavailable"],
  example: { answer: { status: "ready", catalogRevision: 1 } },
  async handle({ purser }) {
    const [newest] = await purser.catalogRevisions({ count: 1 });
    return { outcome: "found", body: { status: "ready", catalogRevision: newest?.revision ?? null } };
  },
});
