// The console's own door: a key against a cookie. It stands beside the route table and outside of /v1, since it is for the
// pages of this server and no client's: it sets cookies, asks who is asking by where the request came from, and changes
// with the pages, which come from the same build. The description says so.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { Problem, send } from "../answer.ts";
import { isSameOrigin, type Mode, modes, sessionIn, setCookie } from "../console/cookies.ts";
import { closeSession, type Key, keyOfSession, openSession } from "../console/sessions.ts";
import { createTurnstile, keyPresented, type SignInCode } from "../console/sign-in.ts";
import type { OpenPurser } from "../open-purser.ts";

const KEY = "must be a key, purser_live_… or purser_test_…";
const credential = z.union([
  z.strictObject({ key: z.string(KEY).trim().min(1, KEY).max(200, KEY) }),
  z.strictObject({ code: z.string().min(1).max(200) }),
]);

/** Signing in, asking who is signed in, signing out. */
export function mountSession(app: FastifyInstance, purser: OpenPurser, signIn: SignInCode | undefined): void {
  const turnstile = createTurnstile();
  const sameOrigin = async (request: FastifyRequest) => {
    if (!isSameOrigin(request.headers)) throw new Problem({ outcome: "cross_origin" });
  };
  const sessionsOf = async (request: FastifyRequest, reply: FastifyReply, fresh: ReadonlyMap<Mode, Key>) => {
    const known = modes.map(async (mode) => {
      const session = sessionIn(request.headers, mode);
      return fresh.get(mode) ?? (session === undefined ? undefined : await keyOfSession(purser, session));
    });
    const keys = (await Promise.all(known)).filter((key) => key !== undefined);
    const sessions = keys.map(({ key_id, name, mode, tenant_id, scopes }) => ({
      mode,
      keyId: key_id,
      name,
      tenant: tenant_id,
      scopes,
    }));
    await send(reply, { outcome: "found", body: { sessions } });
    return reply;
  };

  app.get("/console/session", async (request, reply) => sessionsOf(request, reply, new Map()));

  app.post("/console/session", { onRequest: sameOrigin }, async (request, reply) => {
    if (!turnstile.isOpen(request.ip)) throw new Problem({ outcome: "too_many_attempts" });
    const given = credential.safeParse(request.body);
    if (!given.success) {
      const error = { in: "body", field: "key", pointer: "#/key", detail: KEY } as const;
      throw new Problem({ outcome: "invalid_input", errors: [error] });
    }
    const texts = "key" in given.data ? [given.data.key] : (signIn?.redeem(given.data.code) ?? []);
    const keys = (await Promise.all(texts.map((text) => keyPresented(purser, text)))).filter(
      (key) => key !== undefined,
    );
    if (keys.length === 0) {
      turnstile.failed(request.ip);
      const detail =
        "key" in given.data
          ? "This key is not one of ours, or it has expired or was revoked."
          : "This link was used before, or is from an earlier start. Paste a key instead.";
      throw new Problem({ outcome: "unauthenticated", detail });
    }
    const fresh = new Map<Mode, Key>();
    for (const key of keys) {
      const before = sessionIn(request.headers, key.mode);
      if (before !== undefined) await closeSession(purser, before);
      reply.header("set-cookie", setCookie(request.headers, key.mode, await openSession(purser, key)));
      fresh.set(key.mode, key);
    }
    return sessionsOf(request, reply, fresh);
  });

  app.delete("/console/session", { onRequest: sameOrigin }, async (request, reply) => {
    for (const mode of modes) {
      const session = sessionIn(request.headers, mode);
      if (session === undefined) continue;
      await closeSession(purser, session);
      reply.header("set-cookie", setCookie(request.headers, mode, undefined));
    }
    await send(reply, { outcome: "found", body: { sessions: [] } });
    return reply;
  });
}
