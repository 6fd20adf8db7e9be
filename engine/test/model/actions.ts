// What a random run consists of: steps that are drawn without knowing what will be there, and name it by its place ("the
// third boundary from now", "a millionth more than is left"). So a failing run can be made smaller and kept as text.
import fc from "fast-check";
import { features, type Plan, plans } from "./ground.ts";

export type Reach = "available" | "held" | "some";
export interface AmountChoice {
  readonly near: Reach;
  /** Millionths added to what is there, or the amount itself. */
  readonly millionths: number;
}
export type TimeChoice = { readonly boundary: number; readonly shift: number } | { readonly microseconds: number };

interface AtBalance {
  readonly tenant: number;
  readonly feature: string;
  readonly subject: string;
}

export type Action =
  | (AtBalance & { readonly do: "consume"; readonly amount: AmountChoice; readonly more: "" | "occurred" | "metadata" })
  | (AtBalance & { readonly do: "reserve"; readonly amount: AmountChoice; readonly until: TimeChoice | null })
  | (AtBalance & {
      readonly do: "issue_grant";
      readonly amount: AmountChoice;
      readonly unlimited: boolean;
      readonly source: string;
      readonly priority: number;
      readonly from: TimeChoice | null;
      readonly until: TimeChoice | null;
    })
  | (AtBalance & { readonly do: "claim"; readonly resource: string })
  | (AtBalance & { readonly do: "release_claim"; readonly resource: string })
  | (AtBalance & { readonly do: "report_count"; readonly count: number })
  | (AtBalance & { readonly do: "lock_capacity" })
  | (AtBalance & { readonly do: "refresh" })
  | (AtBalance & { readonly do: "check_entitlement" })
  | (AtBalance & {
      readonly do: "write_override";
      readonly effect: string;
      readonly amount: number | null;
      readonly from: TimeChoice;
      readonly until: TimeChoice;
    })
  | (AtBalance & {
      readonly do: "write_restriction";
      readonly mode: string;
      readonly amount: number;
      readonly from: TimeChoice;
      readonly until: TimeChoice;
    })
  | {
      readonly do: "consume_many";
      readonly tenant: number;
      readonly items: readonly (AtBalance & { amount: AmountChoice })[];
      readonly atomic: boolean;
      readonly oneKey: boolean;
    }
  | { readonly do: "settle"; readonly tenant: number; readonly hold: number; readonly amount: AmountChoice }
  | { readonly do: "release"; readonly tenant: number; readonly hold: number }
  | { readonly do: "extend"; readonly tenant: number; readonly hold: number; readonly until: TimeChoice }
  | { readonly do: "void_grant"; readonly tenant: number; readonly grant: number; readonly refund: boolean }
  | {
      readonly do: "reverse_consumption";
      readonly tenant: number;
      readonly consumption: number;
      readonly amount: AmountChoice | null;
      readonly reissue: boolean;
    }
  | {
      readonly do: "write_plan_state";
      readonly tenant: number;
      readonly plan: number;
      readonly status: string;
      readonly quantity: number;
    }
  | { readonly do: "advance_test_clock"; readonly tenant: number; readonly to: TimeChoice }
  | { readonly do: "again"; readonly earlier: number; readonly change: number | null }
  | { readonly do: "hostile"; readonly earlier: number; readonly argument: number; readonly value: number }
  | { readonly do: "reconnect" }
  | { readonly do: "transaction"; readonly commit: boolean; readonly actions: readonly Action[] };

export interface Run {
  readonly plans: readonly Plan[];
  readonly tenants: readonly {
    readonly zone: string;
    readonly start: string;
    readonly anchor: number;
    readonly plan: number | null;
    readonly prompt: boolean;
  }[];
  readonly actions: readonly Action[];
}

/** Instants at which calendars are difficult. */
const starts = [
  ["UTC", "2026-01-31 10:00:00+00"],
  ["UTC", "2024-02-29 00:00:00+00"],
  ["America/New_York", "2026-03-06 14:00:00+00"],
  ["America/New_York", "2026-10-31 05:30:00+00"],
  ["Europe/Berlin", "2026-03-28 01:30:00+00"],
  ["Europe/Berlin", "2026-10-24 00:59:59.999999+00"],
  ["Asia/Kolkata", "2025-12-31 18:29:59.999999+00"],
  ["Pacific/Kiritimati", "2026-02-27 10:00:00+00"],
] as const;

const micro = (arbitrary: fc.Arbitrary<number>) => arbitrary.map((microseconds) => ({ microseconds }));
const SECOND = 1_000_000;
const boundary = fc.record({ boundary: fc.nat({ max: 3 }), shift: fc.constantFrom(-1, 0, 0, 0, 1) });
const later = fc.oneof(
  { weight: 5, arbitrary: boundary },
  { weight: 1, arbitrary: micro(fc.constant(0)) },
  { weight: 2, arbitrary: micro(fc.integer({ min: 1, max: 3 * 24 * 3600 }).map((seconds) => seconds * SECOND)) },
  { weight: 1, arbitrary: micro(fc.integer({ min: 1, max: 60 * 24 * 3600 }).map((seconds) => seconds * SECOND)) },
);
const amount: fc.Arbitrary<AmountChoice> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      near: fc.constant("available" as const),
      millionths: fc.constantFrom(-1, 0, 0, 1, -1_000_000, 1_000_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      near: fc.constant("held" as const),
      millionths: fc.constantFrom(-1_000_000, -1, 0, 0, 1, 2_000_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      near: fc.constant("some" as const),
      millionths: fc.oneof(
        fc.integer({ min: 1, max: 8 }).map((n) => n * 1_000_000),
        fc.integer({ min: 1, max: 4_000_000 }),
      ),
    }),
  },
);

const tenant = fc.nat({ max: 2 });
const subject = fc.constantFrom("", "", "ann", "ben");
const at = (keys: readonly string[]) =>
  fc
    .record({
      tenant,
      feature: fc.oneof(
        { weight: 25, arbitrary: fc.constantFrom(...keys) },
        { weight: 1, arbitrary: fc.constantFrom(...Object.keys(features), "teleport") },
      ),
      subject,
    })
    .map((drawn) => ({
      ...drawn,
      subject:
        features[drawn.feature]?.per === "subject" && drawn.subject === "" && drawn.tenant !== 1
          ? "ann"
          : drawn.subject,
    }));
const counted = [
  "credits",
  "credits",
  "points",
  "reports",
  "reports",
  "exports",
  "visits",
  "drafts",
  "archive",
  "help",
];
const capacities = ["projects", "projects", "seats"];
const resource = fc.constantFrom("apollo", "borealis", "cosmos", "delta", "echo");
const of = <Name extends string>(name: Name) => fc.constant({ do: name });

const merged = <One extends object, Other extends object>(one: fc.Arbitrary<One>, other: fc.Arbitrary<Other>) =>
  fc.tuple(one, other).map(([left, right]) => ({ ...left, ...right }));

const drawn: Readonly<Record<string, { weight: number; arbitrary: fc.Arbitrary<Action> }>> = {
  consume: {
    weight: 14,
    arbitrary: merged(
      merged(of("consume"), at(counted)),
      fc.record({
        amount,
        more: fc.constantFrom("" as const, "" as const, "" as const, "occurred" as const, "metadata" as const),
      }),
    ),
  },
  reserve: {
    weight: 7,
    arbitrary: merged(merged(of("reserve"), at(counted)), fc.record({ amount, until: fc.option(later, { freq: 4 }) })),
  },
  issue_grant: {
    weight: 5,
    arbitrary: merged(
      merged(of("issue_grant"), at([...counted, "projects"])),
      fc.record({
        amount,
        unlimited: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
        source: fc.constantFrom("manual", "top_up", "product", "promotion"),
        priority: fc.constantFrom(100, 100, 10, 900),
        from: fc.option(later, { freq: 2 }),
        until: fc.option(later, { freq: 3 }),
      }),
    ),
  },
  claim: { weight: 4, arbitrary: merged(merged(of("claim"), at(capacities)), fc.record({ resource })) },
  release_claim: { weight: 2, arbitrary: merged(merged(of("release_claim"), at(capacities)), fc.record({ resource })) },
  report_count: {
    weight: 1,
    arbitrary: merged(
      merged(of("report_count"), at(capacities)),
      fc.record({ count: fc.integer({ min: -1, max: 9 }) }),
    ),
  },
  lock_capacity: { weight: 1, arbitrary: merged(of("lock_capacity"), at(capacities)) },
  refresh: { weight: 2, arbitrary: merged(of("refresh"), at([...counted, ...capacities])) },
  check_entitlement: {
    weight: 4,
    arbitrary: merged(of("check_entitlement"), at([...counted, ...capacities, "sso", "history"])),
  },
  write_override: {
    weight: 1,
    arbitrary: merged(
      merged(of("write_override"), at([...counted, ...capacities, "sso"])),
      fc.record({
        effect: fc.constantFrom("allow", "allow", "deny"),
        amount: fc.option(fc.integer({ min: 0, max: 20 }), { freq: 8 }),
        from: later,
        until: later,
      }),
    ),
  },
  write_restriction: {
    weight: 1,
    arbitrary: merged(
      merged(of("write_restriction"), at([...counted, ...capacities, "sso"])),
      fc.record({
        mode: fc.constantFrom("disabled", "frozen", "degraded"),
        amount: fc.integer({ min: 0, max: 6 }),
        from: later,
        until: later,
      }),
    ),
  },
  consume_many: {
    weight: 3,
    arbitrary: merged(
      of("consume_many"),
      fc.record({
        tenant,
        items: fc.array(merged(at(counted), fc.record({ amount })), { minLength: 1, maxLength: 5 }),
        atomic: fc.boolean(),
        oneKey: fc.boolean(),
      }),
    ),
  },
  settle: { weight: 6, arbitrary: merged(of("settle"), fc.record({ tenant, hold: fc.nat(), amount })) },
  release: { weight: 2, arbitrary: merged(of("release"), fc.record({ tenant, hold: fc.nat() })) },
  extend: { weight: 2, arbitrary: merged(of("extend"), fc.record({ tenant, hold: fc.nat(), until: later })) },
  void_grant: {
    weight: 2,
    arbitrary: merged(of("void_grant"), fc.record({ tenant, grant: fc.nat(), refund: fc.boolean() })),
  },
  reverse_consumption: {
    weight: 3,
    arbitrary: merged(
      of("reverse_consumption"),
      fc.record({ tenant, consumption: fc.nat(), amount: fc.option(amount), reissue: fc.boolean() }),
    ),
  },
  write_plan_state: {
    weight: 3,
    arbitrary: merged(
      of("write_plan_state"),
      fc.record({
        tenant,
        plan: fc.nat({ max: 3 }),
        status: fc.constantFrom(
          ...Array<string>(8).fill("active"),
          "suspended",
          "canceled",
          "expired",
          "past_due",
          "paused",
        ),
        quantity: fc.integer({ min: 1, max: 3 }),
      }),
    ),
  },
  advance_test_clock: { weight: 9, arbitrary: merged(of("advance_test_clock"), fc.record({ tenant, to: later })) },
  again: { weight: 5, arbitrary: merged(of("again"), fc.record({ earlier: fc.nat(), change: fc.option(fc.nat()) })) },
  hostile: {
    weight: 3,
    arbitrary: merged(of("hostile"), fc.record({ earlier: fc.nat(), argument: fc.nat(), value: fc.nat() })),
  },
  reconnect: { weight: 1, arbitrary: of("reconnect") },
};

/** Runs of at most so many steps. */
export function runsOf(length: number): fc.Arbitrary<Run> {
  const simple = fc.oneof(...Object.values(drawn));
  const transaction: fc.Arbitrary<Action> = fc.record({
    do: fc.constant("transaction" as const),
    commit: fc.constantFrom(false, false, true),
    actions: fc.array(simple, { minLength: 1, maxLength: 5 }),
  });
  const action = fc.oneof({ weight: 25, arbitrary: simple }, { weight: 1, arbitrary: transaction });
  return fc.record({
    plans,
    tenants: fc.array(
      fc
        .record({
          place: fc.constantFrom(...starts),
          anchor: fc.oneof(fc.constant(0), fc.integer({ min: -40 * 24 * 3600, max: 10 * 24 * 3600 })),
          plan: fc.option(fc.nat({ max: 2 }), { freq: 5 }),
          prompt: fc.boolean(),
        })
        .map(({ place: [zone, start], ...rest }) => ({ zone, start, ...rest })),
      { minLength: 1, maxLength: 3 },
    ),
    actions: fc.array(action, { minLength: 5, maxLength: length, size: "max" }),
  });
}
