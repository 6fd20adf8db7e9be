// The console's part of the server: its files, and how a browser signs in.
import type { FastifyInstance } from "fastify";
import type { OpenPurser } from "../open-purser.ts";
import { mountSession } from "../routes/session.ts";
import type { SignInCode } from "./sign-in.ts";
import { mountSite } from "./site.ts";

export interface ConsoleOptions {
  /** Signs in once, without a key being pasted. */
  readonly signIn?: SignInCode | undefined;
}

export function mountConsole(app: FastifyInstance, purser: OpenPurser, { signIn }: ConsoleOptions): void {
  mountSession(app, purser, signIn);
  mountSite(app);
}
