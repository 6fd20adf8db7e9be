// The application's own server. Who is asking is not its subject: the header x-workspace says it, in place of a session.
import type { Purser } from "@purser/engine";
import { eq } from "drizzle-orm";
import type { NodePgDatabase } from "drizzle-orm/node-postgres";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { type Annuity, calculate } from "./calculations.ts";
import type { catalog } from "./catalog.ts";
import type { LimitationsOf } from "./limitations.ts";
import { page } from "./page.ts";
import { archiveProject, createProject, findProject, unarchiveProject } from "./projects.ts";
import { calculations, projects } from "./tables.ts";

export interface AppOptions {
  readonly purser: Purser<typeof catalog>;
  readonly db: NodePgDatabase;
  readonly limitationsOf: LimitationsOf;
}

const text = { type: "string", minLength: 1, maxLength: 200 } as const;
const annuity = {
  type: "object",
  required: ["payment", "rate", "years"],
  additionalProperties: false,
  properties: {
    payment: { type: "number", exclusiveMinimum: 0, maximum: 1e9 },
    rate: { type: "number", minimum: 0, maximum: 1 },
    years: { type: "integer", minimum: 1, maximum: 200 },
  },
} as const;

export function createApp({ purser, db, limitationsOf }: AppOptions): FastifyInstance {
  const app = Fastify();
  // What went wrong inside is for the log of an application, and not for its callers.
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error(error);
    const what = status >= 500 ? { outcome: "failed" } : { outcome: "invalid_input", detail: error.message };
    return reply.code(status).send({ error: what });
  });
  app.decorateRequest("workspace", "");
  app.addHook("onRequest", async (request, reply) => {
    const { "x-workspace": workspace = "demo" } = request.headers;
    request.workspace = String(workspace);
    if (request.url === "/") return undefined;
    const access = await purser.check({ tenant: request.workspace, feature: "workspace.access" });
    if ("outcome" in access || !access.allowed) return refuse(reply, { outcome: "no_access" });
    return undefined;
  });

  app.get("/", (_, reply) => reply.type("text/html").send(page));
  app.get("/limitations", ({ workspace }) => limitationsOf(workspace));

  app.get("/projects", ({ workspace }) =>
    db.select().from(projects).where(eq(projects.workspace, workspace)).orderBy(projects.id),
  );
  app.post<{ Body: { id: string; name: string } }>(
    "/projects",
    { schema: { body: { type: "object", required: ["id", "name"], properties: { id: text, name: text } } } },
    async ({ workspace, body: { id, name } }, reply) => {
      const made = await createProject(purser, db, { workspace, id, name });
      if (made.outcome !== "admitted") return refuse(reply, made);
      if (!made.result) return reply.code(409).send({ error: { outcome: "project_exists" } });
      return reply.code(201).send({ id, name, archived: false });
    },
  );
  app.post<{ Params: { id: string } }>("/projects/:id/archive", async ({ workspace, params: { id } }) => ({
    id,
    changed: await archiveProject(purser, db, { workspace, id }),
  }));
  app.post<{ Params: { id: string } }>("/projects/:id/unarchive", async ({ workspace, params: { id } }, reply) => {
    const project = await findProject(db, { workspace, id });
    if (project === undefined) return reply.code(404).send({ error: { outcome: "project_unknown" } });
    // Room is asked for only by what needs some.
    if (!project.archived) return { id, changed: false };
    const made = await unarchiveProject(purser, db, { workspace, id });
    return made.outcome === "admitted" ? { id, changed: made.result } : refuse(reply, made);
  });

  app.get("/calculations", ({ workspace }) =>
    db.select().from(calculations).where(eq(calculations.workspace, workspace)).orderBy(calculations.at),
  );
  app.post<{ Body: Annuity }>("/calculations", { schema: { body: annuity } }, async (request, reply) => {
    const { "idempotency-key": key } = request.headers;
    if (typeof key !== "string" || key === "") return refuse(reply, { outcome: "idempotency_key_missing" });
    const done = await calculate(purser, db, { workspace: request.workspace, request: key, annuity: request.body });
    return done.outcome === "calculated" ? done : refuse(reply, done);
  });
  return app;
}

/** What an upgrade would cure is 402, what contradicts something that happened 409. */
const statuses: Readonly<Record<string, number>> = {
  no_access: 403,
  idempotency_key_missing: 400,
  invalid_input: 422,
  idempotency_conflict: 409,
  busy: 503,
};

async function refuse(reply: FastifyReply, refusal: { readonly outcome: string }): Promise<void> {
  await reply.code(statuses[refusal.outcome] ?? 402).send({ error: refusal });
}

declare module "fastify" {
  interface FastifyRequest {
    workspace: string;
  }
}
