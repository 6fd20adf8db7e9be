// The rule of what is left out: a plan or product without `inclusions` keeps those it was published with, so that JSON
// which only renames a plan does not empty it. An empty object or list is something said, and clears. Pure.

type Loose = { readonly [key: string]: unknown };

/** The catalogue with the inclusions it leaves out taken from the published one. What is no catalogue stays as it is. */
export function completeCatalog(input: unknown, published: unknown): unknown {
  if (!isObject(input)) return input;
  return {
    ...input,
    ...completed("plans", input, published),
    ...completed("products", input, published),
  };
}

function completed(section: "plans" | "products", input: Loose, published: unknown): Loose {
  const given = own(input, section);
  if (!isObject(given)) return {};
  const before = own(published, section);
  const entries = Object.entries(given).map(([key, entry]) => {
    if (!isObject(entry) || Object.hasOwn(entry, "inclusions")) return [key, entry] as const;
    const inclusions = own(own(before, key), "inclusions");
    return [key, inclusions === undefined ? entry : { ...entry, inclusions }] as const;
  });
  return { [section]: Object.fromEntries(entries) };
}

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const own = (value: unknown, key: string): unknown =>
  isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
