// What a route is: everything that is to be known about an operation, so that the server, its description and the client
// are made from it.
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

/** A request and what it is answered: shown by the reference, sent and compared by the tests. */
export interface Example {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly answer: unknown;
}

export interface RouteOf<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: "GET" | "POST" | "PUT";
  /** With `{name}` for what `params` describes. */
  readonly path: `/${string}`;
  /** The name of the operation in the contract and, in the SDK, of its method. */
  readonly operation: string;
  readonly summary: string;
  /** What a reader of the reference has to know besides, in sentences. */
  readonly description?: string;
  /** Under which heading the reference has it; the first word of its path where it is not said. */
  readonly noun?: string;
  readonly example: Example;
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
  /** The refusals of its own, besides those that every route has, in the order of precedence. */
  readonly refusals: readonly OutcomeCode[];
  /**
   * Of a reading: the answer without what differs at every asking, for its `ETag`. All of it where it is not said, and where
   * the time that it tells is a test tenant's.
   */
  readonly lasting?: (answer: object) => unknown;
  /** Of a reading that something else can be told to build on: its `ETag` as `If-Match` takes it. */
  readonly strongTag?: (answer: object) => string;
  /** Whether the header `If-Match` is taken: what is written is built on an answer that was read. */
  readonly conditional?: boolean;
  /** How large and deep a body may be, where that is more than usual. */
  readonly largest?: { readonly bytes: number; readonly depth: number };
  handle(
    engine: Engine,
    input: {
      readonly params: z.output<Params>;
      readonly query: z.output<Query>;
      readonly body: z.output<Body>;
      readonly idempotencyKey: string;
      /** The tags that `If-Match` names; undefined where it is not sent or not taken. */
      readonly ifMatch?: readonly string[] | undefined;
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

/** Whether an operation is about tenants, and so not for a key of another one: all but those on the catalogue. */
export const isOfTenants = ({ path, scope }: Route): boolean => scope !== undefined && !path.startsWith("/v1/catalog");

/** The shape of what has nothing in it: no parameters, no query. */
export const nothing = z.strictObject({});
