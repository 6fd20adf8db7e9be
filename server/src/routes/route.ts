// What a route is: everything that is to be known about an operation, so that the server and, later, its description are
// both made from it.
import type { Pool } from "pg";
import { z } from "zod";
import type { Answer, OutcomeCode } from "../answer.ts";
import type { Caller } from "../auth.ts";
import type { OpenPurser } from "../open-purser.ts";
import type { Scope } from "../scopes.ts";

/** What a handler works with. */
export interface Engine {
  readonly purser: OpenPurser;
  /** The pool that `purser` runs on: the commands on balances are told where to run. */
  readonly database: Pool;
}

export interface RouteOf<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: "GET" | "POST";
  /** With `{name}` for what `params` describes. */
  readonly path: `/${string}`;
  /** The name of the operation in the contract and, in the SDK, of its method. */
  readonly operation: string;
  readonly summary: string;
  /** What a key must be allowed to do; undefined where no key is asked for. */
  readonly scope: Scope | undefined;
  readonly params: Params;
  readonly query: Query;
  /** Undefined where the request has no body. */
  readonly body: Body | undefined;
  /** Whether the header `Idempotency-Key` is demanded; it becomes the engine's key. */
  readonly keyed: boolean;
  /** The successes and their bodies. */
  readonly answers: { readonly [outcome in OutcomeCode]?: z.ZodType };
  /** The refusals of its own, besides those that every route has. */
  readonly refusals: readonly OutcomeCode[];
  handle(
    engine: Engine,
    input: {
      readonly params: z.output<Params>;
      readonly query: z.output<Query>;
      readonly body: z.output<Body>;
      readonly idempotencyKey: string;
      readonly caller: Caller;
    },
  ): Promise<Answer>;
}

export type Route = RouteOf<z.ZodType, z.ZodType, z.ZodType>;

/** Names a route, so that its handler's input is typed by its shapes. */
export function route<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  given: RouteOf<Params, Query, Body>,
): Route {
  return given;
}

/** The shape of what has nothing in it: no parameters, no query. */
export const nothing = z.strictObject({});
