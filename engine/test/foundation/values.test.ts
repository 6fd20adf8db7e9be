import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { slotOf } from "@purser/engine";
import { canonicalHash, canonicalJson, differingField } from "../../src/foundation/canonical.ts";
import { instantFrom } from "../../src/foundation/instant.ts";
import { asQuantity, quantityFrom } from "../../src/foundation/quantity.ts";
import { asName } from "../../src/foundation/text.ts";
import { createWorkbench, type Workbench } from "../workbench.ts";

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

const anyText = fc.string({ unit: "binary", maxLength: 220 });

test("an instant told as seconds is the date that it would be told as, to the millisecond", async () => {
  const micros = fc.array(fc.bigInt(-(2n ** 51n), 2n ** 52n), { minLength: 200, maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(micros, async (all) => {
      // Half of them on the very millisecond, where the binary fraction may lie before it.
      const asked = all.map((one, i) => String(i % 2 === 0 ? one : one - (one % 1000n)));
      const rows = await bench.rows<{ seconds: number; date: Date }>(
        `SELECT date_part('epoch', at) AS seconds, at AS date
         FROM unnest($1::bigint[]) n, LATERAL (SELECT timestamptz 'epoch' + n * interval '1 microsecond' AS at) told`,
        [asked],
      );
      for (const { seconds, date } of rows)
        expect({ seconds, at: instantFrom(seconds) }).toEqual({ seconds, at: date });
    }),
    { numRuns: 20 },
  );
});

describe("the slot of a tenant", () => {
  test("is the same in TypeScript and in SQL, for every id there is", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const tenant = asName(text);
        fc.pre(tenant !== undefined);
        const [row] = await bench.rows<{ slot: number }>("SELECT purser.slot_of($1) AS slot", [tenant]);
        expect(row?.slot).toBe(slotOf(tenant));
      }),
      { numRuns: 300 },
    );
  });
  test("never changes, and spreads", () => {
    expect(["acme", "globex", "müller", "株式会社"].map(slotOf)).toEqual([
      520,
      slotOf("globex"),
      slotOf("müller"),
      slotOf("株式会社"),
    ]);
    const slots = new Set(Array.from({ length: 20_000 }, (_, i) => slotOf(`tenant-${i}`)));
    expect(slots.size).toBe(1024);
  });
});

describe("a name from outside (J01)", () => {
  test("is kept as PostgreSQL keeps it, in NFC, or is none", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const name = asName(text);
        if (name === undefined) return;
        const [row] = await bench.rows<{ same: string }>("SELECT $1::text AS same", [name]);
        expect(row?.same).toBe(text.normalize("NFC"));
      }),
      { numRuns: 300 },
    );
    expect(asName("e\u0301")).toBe("é");
  });
  test.each(["", "a\0", "\ud800", "\udc00x", "x".repeat(201), 7, null, undefined])("%j is none", (value) => {
    expect(asName(value)).toBeUndefined();
  });
});

describe("a quantity (D04, D11)", () => {
  test("goes through PostgreSQL and back without loss", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 999_999_999_999_999 }),
        fc.integer({ min: 0, max: 6 }),
        async (digits, scale) => {
          const text = digits.toString().padStart(scale + 1, "0");
          const decimal = scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
          expect(asQuantity(decimal)).toBe(decimal);
          const [row] = await bench.rows<{ back: string }>("SELECT $1::numeric(38,6)::text AS back", [decimal]);
          expect(quantityFrom(row?.back ?? "")).toBe(Number(decimal));
          // As a JSON number it is the same quantity.
          expect(Number(asQuantity(Number(decimal)) ?? decimal)).toBe(Number(decimal));
        },
      ),
      { numRuns: 300 },
    );
  });
  test.each([
    "NaN",
    "Infinity",
    "1e999",
    "0x10",
    "",
    " 1",
    "+1",
    "-1",
    "1.",
    ".5",
    "01",
    "1.0000001",
    "1234567890123456",
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -0.5,
    1e15,
    1e-7,
    null,
    undefined,
    {},
  ])("%j is none", (value) => {
    expect(asQuantity(value)).toBeUndefined();
  });
  test("a sum with more digits than a number holds is the nearest number", () => {
    expect(quantityFrom("999999999.999999")).toBe(999_999_999.999999);
    expect(quantityFrom("1999999999999998.000000")).toBe(1_999_999_999_999_998);
    expect(quantityFrom("1000000000000.123456")).toBeCloseTo(1_000_000_000_000.123, 2);
  });
});

describe("canonical JSON (A03)", () => {
  test("one text for all spellings of a value", () => {
    const one = canonicalJson({ b: [1, { d: null, c: "é" }], a: 1 });
    expect(canonicalJson({ a: 1.0, b: [1, { c: "e\u0301", d: undefined as unknown as null }] })).not.toBe(one);
    expect(canonicalJson({ a: 1.0, b: [1, { c: "e\u0301", d: null }] })).toBe(one);
  });
  test("equal hashes exactly for equal values", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
        expect(canonicalHash(one as never).equals(canonicalHash(other as never))).toBe(same);
      }),
    );
  });
  test("names the first field that differs", () => {
    expect(differingField({ a: 1, b: 2 }, { b: 3, a: 1 })).toBe("b");
    expect(differingField({ a: 1 }, { a: 1, c: null })).toBeUndefined();
  });
});

function sorted(value: unknown): unknown {
  if (typeof value === "string") return value.normalize("NFC");
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? 0 : value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key.normalize("NFC"), sorted(inner)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
