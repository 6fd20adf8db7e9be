// What is wrong with a request, said so that a person can put it right: which field, which place, which other operation.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultIn } from "../../src/json-fault.ts";
import { routes } from "../../src/routes/index.ts";
import { type Ask, type Rig, serve } from "./rig.ts";

const credits = "messaging.credits";
const consume = "POST /v1/tenants/pro/consume";
let rig: Rig;
let end: () => Promise<void> = () => Promise.resolve();
let testKey = "";
beforeAll(async () => {
  rig = await serve((close) => (end = close));
  await rig.purser.createTenant({ tenant: "pro", plan: "pro", actor: "test" });
  await rig.purser.createTenant({ tenant: "lab", mode: "test", actor: "test" });
  testKey = (await rig.makeKey({ mode: "test" })).key;
});
afterAll(() => end());

async function told(call: string, options: Ask) {
  const { status, body } = await rig.ask(call, { idempotencyKey: "told", ...options });
  const errors = (body["errors"] ?? []) as { field: string; detail: string }[];
  return { status, said: String(body["detail"]), errors: errors.map(({ field, detail }) => `${field} ${detail}`) };
}

test.each<[text: string, words: string]>([
  ["{feature}", '"f" cannot stand at line 1, column 2'],
  ['{"feature":', "it breaks off at line 1, column 12"],
  ['{"a":1,}', '"}" cannot stand at line 1, column 8'],
  ["[1,]", '"]" cannot stand at line 1, column 4'],
  ['{"a" 1}', '"1" cannot stand at line 1, column 6'],
  ['{\n  "a": 1\n  "b": 2\n}', '"\\"" cannot stand at line 3, column 3'],
  ['{"amount":NaN}', '"N" cannot stand at line 1, column 11'],
  ["{'a':1}", '"\'" cannot stand at line 1, column 2'],
  ['{"a":01}', '"1" cannot stand at line 1, column 7'],
  ['{"a":1.}', '"." cannot stand at line 1, column 7'],
  ['{"a":tru}', '"t" cannot stand at line 1, column 6'],
  ['{"a":"b\nc"}', '"\\n" cannot stand at line 1, column 8'],
  ['{"a":"\\x"}', '"\\\\" cannot stand at line 1, column 7'],
  ['"abc', "it breaks off at line 1, column 5"],
  ["{}{}", '"{" cannot stand at line 1, column 3'],
  ["[}", '"}" cannot stand at line 1, column 2'],
  ["{]", '"]" cannot stand at line 1, column 2'],
  ["]", '"]" cannot stand at line 1, column 1'],
  ["\u{1f600}", '"\u{1f600}" cannot stand at line 1, column 1'],
  ["  \n ", "it breaks off at line 2, column 2"],
])("%j: %s", (text, words) => {
  expect(faultIn(text)).toBe(words);
});

test("however deep or long it is, it is read to its end", () => {
  expect(faultIn("[".repeat(60_000))).toBe("it breaks off at line 1, column 60001");
  for (const inside of ["x", "\\n", "\\u0041"]) {
    const text = `"${inside.repeat(400_000)}`;
    expect(faultIn(text)).toBe(`it breaks off at line 1, column ${text.length + 1}`);
  }
});

test("a text that is JSON has no fault, and one that is not is right up to its fault", () => {
  const spoilt = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom("", ",", "]", "}", ":", '"', "x", "-", "0", "\\", " "))
    .map(([text, at, sign]) => text.slice(0, at % (text.length + 1)) + sign + text.slice((at % (text.length + 1)) + 1));
  fc.assert(
    fc.property(fc.oneof(fc.json(), spoilt), (text) => {
      let said = "";
      try {
        JSON.parse(text);
        return;
      } catch (error) {
        said = error instanceof Error ? error.message : "";
      }
      const [line = 0, column = 0] = (/line (\d+), column (\d+)/.exec(faultIn(text)) ?? []).slice(1).map(Number);
      const at =
        text
          .split("\n")
          .slice(0, line - 1)
          .join("\n").length +
        (line > 1 ? 1 : 0) +
        column -
        1;
      // Where this version of Node names the place, it is the same, or inside of the word or escape that begins there.
      const theirs = Number(/ at position (\d+)/.exec(said)?.[1] ?? at);
      expect(theirs - at).toBeGreaterThanOrEqual(0);
      expect(theirs - at).toBeLessThan(6);
    }),
    { numRuns: 5000 },
  );
});

test.each<[call: string, ...missing: string[]]>([
  [consume, "feature"],
  ["POST /v1/tenants/pro/check", "feature"],
  ["POST /v1/tenants/pro/subscription", "plan"],
  ["POST /v1/tenants", "tenant"],
  ["PUT /v1/catalog", "catalog"],
  ["POST /v1/catalog/diff", "catalog"],
  ["POST /v1/tenants/lab/clock", "to"],
])("%s: an empty object and no body at all miss %s", async (call, ...missing) => {
  const options = call.includes("lab") ? { key: testKey } : {};
  const errors = missing.map((field) => `${field} is required`);
  const list = errors.join(", ");
  expect(await told(call, { body: {}, ...options })).toEqual({
    status: 422,
    said: `The request is not valid: ${list}.`,
    errors,
  });
  const type = { "content-type": "application/json" };
  for (const nothing of [{}, { raw: "" }, { headers: type }]) {
    expect(await told(call, { ...nothing, ...options })).toEqual({
      status: 400,
      said: `There is no body, and a JSON object is expected: ${list}.`,
      errors,
    });
  }
});

test("where an object is expected and nothing has to be in it, no body is told of so", async () => {
  expect((await told("POST /v1/tenants/pro/consumptions/one/reverse", {})).said).toBe(
    "There is no body, and a JSON object is expected: {} will do.",
  );
});

test("a grant misses its amount as well, unless it is unlimited; null is not missing", async () => {
  expect((await told("POST /v1/tenants/pro/grants", { body: {} })).errors).toEqual(["feature is required"]);
  expect((await told("POST /v1/tenants/pro/grants", { body: { feature: credits } })).errors).toEqual([
    "amount is required, unless unlimited is true",
  ]);
  expect((await told(consume, { body: { feature: null } })).errors).toEqual([
    expect.stringMatching(/^feature must be 1 to 200/),
  ]);
});

test("a text that is no JSON is told where it stops being JSON", async () => {
  expect((await told(consume, { raw: '{\n  "feature": "a",\n}' })).said).toBe(
    'The body is not valid JSON: "}" cannot stand at line 3, column 1.',
  );
  expect((await told(consume, { raw: '{"feature":' })).said).toBe(
    "The body is not valid JSON: it breaks off at line 1, column 12.",
  );
  expect((await told(consume, { raw: Buffer.from('{"a":"\u00e9"}', "latin1") })).said).toBe("The body is not UTF-8.");
});

test.each<[what: string, feature: string, said: RegExp]>([
  ["consume", "ccp-01", /^ccp-01 is a flag: .*POST \/v1\/tenants\/\{tenant\}\/check\.$/],
  ["consume", "support.response_hours", /^support\.response_hours is a value: .*\/check\.$/],
  ["consume", "projects.create", /^projects\.max is a capacity: .*POST \/v1\/tenants\/\{tenant\}\/claims\.$/],
  ["grants", "ccp-01", /^ccp-01 is a flag: .*POST \/v1\/tenants\/\{tenant\}\/subscription\.$/],
  ["grants", "support.response_hours", /^support\.response_hours is a value: .*\/subscription\.$/],
])("%s of %s names its kind and the operation that fits it", async (what, feature, said) => {
  const reply = await told(`POST /v1/tenants/pro/${what}`, { body: { feature, amount: 1 } });
  expect(reply).toMatchObject({ status: 422, said: expect.stringMatching(said) });
  const [, method = "", path = ""] = /(POST) (\/\S+?)[. ]/.exec(`${reply.said} `) ?? [];
  expect(routes.find((route) => route.method === method && route.path === path)).toBeDefined();
});
