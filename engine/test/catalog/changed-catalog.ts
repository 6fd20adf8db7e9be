// The small catalogue, changed somewhere.
import { smallCatalog } from "../workbench.ts";

/** The small catalogue with places of it replaced; `undefined` takes one away. */
export function changed(...replaced: readonly (readonly [path: string, value: unknown])[]): unknown {
  const copy = structuredClone(smallCatalog) as unknown as Record<string, unknown>;
  for (const [path, value] of replaced) {
    const steps = path.split("/");
    const last = steps.pop() ?? "";
    let place = copy;
    for (const step of steps) place = place[step] as Record<string, unknown>;
    if (value === undefined) delete place[last];
    else place[last] = value;
  }
  return copy;
}
