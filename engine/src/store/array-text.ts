/**
 * An array as PostgreSQL reads it, for a parameter that is cast to one: in one text, whatever the driver makes of arrays.
 */
export function arrayText(values: readonly (string | null)[]): string {
  return `{${values.map(element).join(",")}}`;
}

const element = (value: string | null) => (value === null ? "NULL" : `"${value.replaceAll(/["\\]/g, "\\$&")}"`);
