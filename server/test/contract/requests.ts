// Requests made from the description: such as a client would send, and such as nobody should.
import fc from "fast-check";
import { description, type Operation, type Parameter } from "./document.ts";

type Schema = Record<string, unknown> & {
  $ref?: string;
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | false;
  type?: string | string[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
};

export interface Sent {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

/** What the server has of: a request with them gets as far as its handler. */
const words = ["acme", "lab", "messaging.credits", "annuity.calculate", "projects.max", "pro", "free", "EUR", "UTC"];

const deep = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels);

/** J04: texts that are JSON and that a reader could stumble over, beside some that are not. */
export const hostileBodies: readonly string[] = [
  '{"__proto__":{"polluted":true}}',
  '{"feature":"messaging.credits","__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"feature":"messaging.credits","metadata":{"constructor":{"prototype":{"polluted":true}}}}',
  '{"feature":"messaging.credits","metadata":{"\\u005f_proto__":{"polluted":true}}}',
  '{"catalog":{"__proto__":{"polluted":true},"tiers":{"__proto__":{}},"features":{},"plans":{"constructor":{}}}}',
  '{"tenant":"constructor","metadata":{"toString":1,"hasOwnProperty":2,"valueOf":null}}',
  '{"feature":"messaging.credits","feature":"projects.max"}',
  '{"tenant":"a","\\u0074enant":"b"}',
  `{"metadata":${deep(6, '{"a":', "1}").replace("1}1}", "1}")}}`,
  `{"catalog":${deep(5000, "[", "]")}}`,
  deep(20_000, "[", "]"),
  `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`,
  '{"feature":"messaging.credits","amount":1e999}',
  '{"feature":"messaging.credits","amount":-1e999}',
  '{"feature":"messaging.credits","amount":9007199254740993}',
  `{"feature":"messaging.credits","amount":${"9".repeat(5000)}}`,
  `{"feature":"messaging.credits","amount":"${"9".repeat(40)}"}`,
  '{"feature":"messaging.credits","amount":0.1000000000000000055511151231257827}',
  '{"plan":"pro","version":2147483648}',
  '{"to":"9999-12-31T23:59:59.999Z"}',
  '{"to":"0000-01-01T00:00:00Z"}',
  '{"to":"+275760-09-13T00:00:00.000Z"}',
  '{"feature":"\\u0000","tenant":"\\ud800"}',
  // J05: more than anybody means.
  `[${"0,".repeat(30_000)}0]`,
  `{"feature":[${'"messaging.credits",'.repeat(3000)}"x"]}`,
  `{"events":[${"{},".repeat(20_000)}{}]}`,
  `{"metadata":{"a":"${"x".repeat(17_000)}"}}`,
  `{"feature":"${"\u{1f600}".repeat(16_000)}"}`,
  "",
  "null",
  "0",
  '"text"',
  "[]",
  "{}",
  "{",
  "{}{}",
  "\ufeff{}",
  "NaN",
  "undefined",
];

const hostileTexts = [
  "",
  ".",
  "..",
  "%00",
  "\0",
  "__proto__",
  "constructor",
  "toString",
  "' OR 1=1 --",
  "$1; DROP TABLE purser.tenants",
  "<script>alert(1)</script>",
  "\u202egnirts",
  "e\u0301",
  "\ud800",
  "\u{1f600}".repeat(100),
  "x".repeat(201),
  "x".repeat(1500),
  "../../etc/passwd",
  "a/b?c#d",
  "-1",
  "0",
  "1e9",
  "1000000000",
  "NaN",
  "null",
  "true",
  "[]",
  "{}",
];
const hostileText = fc.oneof(
  fc.constantFrom(...hostileTexts),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
);

/** A value that fits a schema, or nearly: what a pattern says is left to chance. */
function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const { $ref, anyOf, items, properties, required = [], additionalProperties, type } = schema;
  if ($ref !== undefined) return fitting(description.components.schemas[$ref.split("/").at(-1) ?? ""] ?? {});
  if ("const" in schema) return fc.constant(schema["const"]);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (anyOf !== undefined) return fc.oneof(...anyOf.map(fitting));
  if (Array.isArray(type)) return fc.oneof(...type.map((one) => fitting({ ...schema, type: one })));
  if (properties !== undefined) {
    const members = Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, fitting(member)]));
    return fc.record(members, { requiredKeys: required });
  }
  if (items !== undefined) return fc.array(fitting(items), { maxLength: 5 });
  switch (type ?? "any") {
    case "object":
      return fc.dictionary(
        fc.string({ maxLength: 10 }),
        additionalProperties ? fitting(additionalProperties) : fc.anything(),
      );
    case "string": {
      if (schema["format"] === "date-time") {
        const span = { min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T00:00:00Z") };
        return fc.date({ ...span, noInvalidDate: true }).map((date) => date.toISOString());
      }
      const { minLength = 0, maxLength = 30 } = schema;
      const decimal = fc.integer({ min: 1, max: 9 }).map(String);
      return fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...words) },
        { weight: 1, arbitrary: decimal },
        { weight: 1, arbitrary: fc.string({ unit: "grapheme", minLength, maxLength: Math.min(maxLength, 30) }) },
      );
    }
    case "integer":
      return fc.integer({ min: schema.minimum ?? -5, max: schema.maximum ?? 1000 });
    case "number":
      return fc.oneof(fc.integer({ min: 1, max: 5 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      // What takes any JSON wants a catalogue, where it wants anything.
      return fc.oneof(fc.constant({ tiers: {}, features: {}, plans: {} }), fc.jsonValue({ maxDepth: 3 }));
  }
}

/** The same with something in it that is of another kind, or with something more. */
function mutated(fit: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const other = fc.oneof(hostileText, fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(0, -1, 1e308, -0, null, [], {}));
  return fc.tuple(fit, fc.nat(), other, hostileText, fc.boolean()).map(([value, at, instead, name, adds]) => {
    if (typeof value !== "object" || value === null) return instead;
    const names = Object.keys(value);
    const changed = adds || names.length === 0 ? name : (names[at % names.length] ?? name);
    return Object.fromEntries([...Object.entries(value), [changed, instead]]);
  });
}

/** A text as it may stand in an address; half a surrogate pair goes as the bytes it would have. */
function encoded(text: string): string {
  return text.replaceAll(/[\s\S]/gu, (sign) =>
    /^[\ud800-\udfff]$/.test(sign) ? "%ED%A0%80" : encodeURIComponent(sign),
  );
}

/** What may stand in a header at all: bytes of Latin-1 without controls. */
const headerText = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "*",
    '"',
    "W/",
    "%00",
    "\u00ff\u00fe",
    "00-0-0-00",
    "a".repeat(4000),
    ", , ,",
    "Bearer",
    "=;=;",
  ),
  fc.string({ maxLength: 80 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, "\u00e9")),
);

/** The request that the description shows of an operation. */
export function shownOf(
  { id, path, operation }: { readonly id: string; readonly path: string; readonly operation: Operation },
  authorization: (tenant: string) => string,
): Sent {
  const shown = operation.parameters.filter((one) => one.in === "path" && "example" in one);
  const parameters = Object.fromEntries(shown.map((one) => [one.name, String(one.example)]));
  const body = operation.requestBody?.content["application/json"]?.example;
  return {
    path: path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(parameters[name] ?? "")),
    headers: {
      authorization: authorization(parameters["tenant"] ?? ""),
      "idempotency-key": `${id}-shown`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
}

/** Requests for one operation. `keys` are headers of those who may ask, with the tenant that they may ask about. */
export function requestsFor(
  path: string,
  operation: Operation,
  keys: readonly { readonly authorization: string; readonly tenant: string }[],
): fc.Arbitrary<Sent> {
  const of = (place: string) => operation.parameters.filter((one) => one.in === place);
  const valueOf = ({ schema, example }: Parameter) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(example ?? "acme").map(String) },
      { weight: 2, arbitrary: fc.constantFrom(...words) },
      { weight: 1, arbitrary: fitting(schema).map(String) },
      { weight: 2, arbitrary: hostileText },
    );
  const query = fc.record(
    Object.fromEntries(of("query").map((one) => [one.name, fc.oneof(fitting(one.schema).map(String), hostileText)])),
    { requiredKeys: [] },
  );
  const { schema, example } = operation.requestBody?.content["application/json"] ?? {};
  const fit = schema === undefined ? fc.constant(undefined) : fitting(schema);
  /** The documented example with some of it as something else that fits: most of these are done. */
  const exemplary = fc.tuple(fit, fc.nat(), fc.boolean()).map(([value, at, changes]): unknown => {
    const shown = { ...(typeof example === "object" ? example : {}) };
    const others = Object.entries(typeof value === "object" && value !== null ? value : {});
    const other = others[at % Math.max(others.length, 1)];
    return changes && other !== undefined ? Object.fromEntries([...Object.entries(shown), other]) : shown;
  });
  const written = (value: unknown) => JSON.stringify(value) as string | undefined;
  const body = fc.oneof(
    { weight: 3, arbitrary: exemplary.map(written) },
    { weight: 3, arbitrary: fit.map(written) },
    { weight: 3, arbitrary: mutated(fit).map(written) },
    { weight: 2, arbitrary: fc.constantFrom(...hostileBodies) },
    { weight: 1, arbitrary: fc.json() },
  );
  return fc
    .record({
      key: fc.constantFrom(...keys),
      path: fc.record(Object.fromEntries(of("path").map((one) => [one.name, valueOf(one)]))),
      ownTenant: fc.nat({ max: 3 }),
      query: fc.oneof(fc.constant<Partial<Record<string, string>>>({}), query),
      unknown: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: hostileText }),
      body,
      type: fc.oneof(
        { weight: 12, arbitrary: fc.constant("application/json") },
        {
          weight: 1,
          arbitrary: fc.constantFrom("text/plain", "application/json; charset=latin1", "application/xml", ";"),
        },
      ),
      idempotencyKey: fc.oneof(
        { weight: 6, arbitrary: fc.uuid() },
        { weight: 1, arbitrary: fc.constantFrom("k", "x".repeat(201), "allowance:1") },
        { weight: 1, arbitrary: headerText },
      ),
      garbage: fc.record(
        {
          authorization: headerText,
          traceparent: headerText,
          tracestate: headerText,
          "if-none-match": headerText,
          "if-match": headerText,
          accept: headerText,
          "accept-encoding": headerText,
          cookie: headerText,
          origin: headerText,
          "purser-mode": headerText,
          "x-forwarded-for": headerText,
          "x-http-method-override": fc.constantFrom("DELETE", "x"),
        },
        { requiredKeys: [] },
      ),
      littered: fc.nat({ max: 3 }),
    })
    .map((made) => {
      const parameters: Record<string, string> = { ...made.path };
      if (made.ownTenant > 0) parameters["tenant"] = made.key.tenant;
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encoded(parameters[name] ?? ""));
      const given: [string, string][] = Object.entries(made.query).filter(
        (pair): pair is [string, string] => pair[1] !== undefined,
      );
      if (made.unknown !== undefined) given.push([made.unknown, made.unknown]);
      const search = given.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
      const keyed = of("header").some(({ name }) => name === "Idempotency-Key");
      return {
        path: search === "" ? filled : `${filled}?${search}`,
        headers: {
          authorization: made.key.authorization,
          ...(schema === undefined || made.body === undefined ? {} : { "content-type": made.type }),
          ...(keyed ? { "idempotency-key": made.idempotencyKey } : {}),
          ...(made.littered === 0 ? (made.garbage as Record<string, string>) : {}),
        },
        body: schema === undefined ? undefined : made.body,
      };
    });
}
