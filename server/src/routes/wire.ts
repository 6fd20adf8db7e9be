// The shapes that several routes share, as they travel. What only the database can judge (is there such a feature, is this
// time zone one) is left to the engine; bounds and spelling are checked here, so that nothing oversized reaches it.
import { isStorable } from "@purser/engine";
import { z } from "zod";

const NAME = "must be 1 to 200 characters, without NUL or half a surrogate pair";
/** The bound of a description counts code points, the engine's counts UTF-16 units and is the narrower one. */
const takes = (text: string) => isStorable(text) && text.length <= 200;

export const name = z.string(NAME).min(1, NAME).max(200, NAME).refine(takes, NAME);

/** A feature's key, or a capability's. */
export const feature = name.meta({
  description: "A feature's key, or a capability's.",
  examples: ["messaging.credits"],
});

/** Not `.` or `..`, which every client takes out of an address before sending it. */
export const tenantId = name
  .refine((text) => text !== "." && text !== "..", 'must not be "." or ".."')
  .meta({ description: "The tenant's id, as your application chose it.", examples: ["acme"] });

/** A name that stands in an address: what every client takes out of one before sending it cannot be sent. */
export const pathName = name.refine((text) => text !== "." && text !== "..", 'must not be "." or ".."');

const RESOURCE = "must be 1 to 300 characters, without NUL or half a surrogate pair";
/** What a slot stands for. */
export const resource = z
  .string(RESOURCE)
  .min(1, RESOURCE)
  .max(300, RESOURCE)
  .refine((text) => isStorable(text) && text.length <= 300, RESOURCE)
  .meta({ description: "The name of the thing, as your application calls it.", examples: ["project-7"] });

const REASON = "must be 1 to 1,000 characters, without NUL or half a surrogate pair";
export const reason = z
  .string(REASON)
  .min(1, REASON)
  .max(1000, REASON)
  .refine((text) => isStorable(text) && text.length <= 1000, REASON);

const SUBJECT = "must be a text of at most 200 characters, without NUL or half a surrogate pair";
/** Who inside the tenant; empty, like absent, is the tenant itself. */
export const subject = z
  .string(SUBJECT)
  .max(200, SUBJECT)
  .refine(takes, SUBJECT)
  .meta({ description: "Who inside the tenant: a user, a seat, a project. Empty, like absent, is the tenant itself." });

const AMOUNT = "must be a number or a decimal text, more than 0, with at most 6 fractional and 15 significant digits";
/** A quantity on its way in: a JSON number, or a text where the client keeps decimals as text. The engine judges it. */
export const amount = z.union([z.number(AMOUNT), z.string(AMOUNT).min(1, AMOUNT).max(40, AMOUNT)], AMOUNT).meta({
  description:
    "In units of the feature: more than 0, at most 6 fractional and 15 significant digits. As text where you keep decimals as text.",
});

/** A quantity on its way out. */
export const quantity = z.number();

const INSTANT =
  "must be an RFC 3339 time with an offset and at most milliseconds, before the year 9000, such as 2031-05-01T00:00:00Z";
/**
 * A time on its way in. More than milliseconds would be cut off in silence, and is refused. So is what lies so late that a
 * window after it could not be told: RFC 3339 ends with the year 9999.
 */
export const instant = z.iso
  .datetime({ offset: true, error: INSTANT })
  .refine((text) => !/\.\d{4}/.test(text) && text < "9000", INSTANT)
  .transform((text) => new Date(text));

/** A time on its way out, in UTC. */
export const time = z.iso.datetime();

const METADATA = "must be an object of at most 16 kB";
/** Kept with the fact and never read here. Nesting and names are bounded for the whole body when it is read. */
export const metadata = z
  .record(z.string(), z.json(), METADATA)
  .refine((given) => JSON.stringify(given).length <= 16_384, METADATA)
  .meta({ description: "Kept with the fact and never read here. At most 16 kB, at most five deep." });

export const mode = z.enum(["live", "test"], "must be live or test");

export const ofTenant = z.strictObject({ tenant: tenantId });

const YES_OR_NO = "must be true or false";
/**
 * The query of every command on a balance. It stands in the address, so that whoever reads a log sees that nothing happened,
 * and so that a server which does not know it refuses it and never does the thing.
 */
export const preview = z.strictObject({
  dryRun: z
    .enum(["true", "false"], YES_OR_NO)
    .transform((text) => text === "true")
    .meta({
      wire: { type: "boolean", default: false },
      description:
        "Does everything and undoes it: the answer, its status included, tells what would happen. The key stays unused.",
    })
    .exactOptional(),
});

const problemField = z
  .strictObject({
    in: z.enum(["path", "query", "header", "body"]),
    field: z.string(),
    pointer: z.string().optional().meta({ description: "JSON pointer into the body." }),
    detail: z.string(),
  })
  .meta({ id: "ProblemField", description: "One thing that is wrong with a request, and where." });

/** The body of every refusal (RFC 9457). */
export const problem = z
  .strictObject({
    type: z.string().meta({ description: "Where the problem is explained, relative to the server." }),
    title: z.string(),
    status: z.int(),
    code: z
      .string()
      .meta({ description: "Stable, and the one to decide by. Each operation lists those it can answer." }),
    detail: z.string(),
    traceId: z
      .string()
      .regex(/^[0-9a-f]{32}$/)
      .meta({ description: "Stands on every log line of this request." }),
    errors: z.array(problemField).optional(),
    available: quantity.optional().meta({ description: "What was available when it was refused, where that was why." }),
    resetsAt: time
      .optional()
      .meta({ description: "The next instant at which time alone may give more, as when the window turns." }),
    restrictedBy: z.string().optional().meta({ description: "Where a restriction refused it: which one." }),
    unlockedBy: z.array(z.string()).optional().meta({
      description:
        "Of consume, reserve and claim, where buying something can lift it: the plans and products that would, as a check names them. Empty where nothing on sale would.",
    }),
  })
  .meta({
    id: "Problem",
    description:
      "Why a request was not done (RFC 9457). Nothing has happened, unless `unavailable` says that nobody knows.",
  });
