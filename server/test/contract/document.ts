// The description, as a client reads it, and validators made from its schemas.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describeServer } from "../../src/documents.ts";

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  schema: Record<string, unknown>;
  example?: unknown;
}
interface Content {
  [type: string]: { schema: Record<string, unknown>; example?: unknown };
}
interface Response {
  content?: Content;
  headers?: Record<string, unknown>;
}
export interface Operation {
  operationId: string;
  summary: string;
  security: { key?: string[] }[];
  parameters: Parameter[];
  requestBody?: { content: Content };
  responses: Record<string, Response>;
  "x-refusals": string[];
}
interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Record<string, unknown>>;
    parameters: Record<string, Parameter>;
    responses: Record<string, Response>;
  };
}

export const description: Description = JSON.parse(JSON.stringify(describeServer()));

/** What stands at the end of a reference, or the thing itself where it is none. */
function resolved<Thing extends object>(thing: Thing, among: Record<string, Thing>): Thing {
  const [, name = ""] = "$ref" in thing ? (/([^/]+)$/.exec(String(thing.$ref)) ?? []) : [];
  return among[name] ?? thing;
}

/** Every operation, its parameters and answers without references. */
export const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    operation: {
      ...operation,
      parameters: operation.parameters.map((one) => resolved(one, description.components.parameters)),
      responses: Object.fromEntries(
        Object.entries(operation.responses).map(([status, one]) => [
          status,
          resolved(one, description.components.responses),
        ]),
      ),
    },
  })),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ $id: "https://purser.test/openapi.json", components: description.components });
const known = new Map<string, ValidateFunction>();

/** A validator for a schema of the description; references in it lead into its components. */
export function validatorOf(schema: unknown): ValidateFunction {
  const text = JSON.stringify(schema).replaceAll('"#/components/', '"https://purser.test/openapi.json#/components/');
  const made = known.get(text) ?? ajv.compile(JSON.parse(text));
  known.set(text, made);
  return made;
}
