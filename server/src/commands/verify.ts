import type { BrokenInvariant, Key } from "@purser/engine";
import { CommandFailed, exit, type Exit, type Surroundings } from "./command.ts";
import { withPurser } from "./with-purser.ts";

export interface VerifyOptions {
  readonly directory: string;
  readonly tenant: string | undefined;
  /** For machines: all that was found, alone on standard output. */
  readonly json: boolean;
}

const AT_ONCE = 100;
/** How many lines a person is shown of what may be thousands. */
const SHOWN = 100;

/** `purser verify`: recomputes every balance from its facts. Ends with 0 where all holds, and 4 where something does not. */
export async function verify(surroundings: Surroundings, { directory, tenant, json }: VerifyOptions): Promise<Exit> {
  const { print, warn, stop } = surroundings;
  return withPurser(surroundings, directory, async (purser) => {
    const broken: BrokenInvariant[] = [];
    const overdue: BrokenInvariant[] = [];
    let tenants = 0;
    for (let after: Key | undefined; ; ) {
      if (stop.aborted) throw new CommandFailed(exit.failed, `Stopped after ${tenants} tenants.`);
      const found = await purser.verify({ tenant, after, count: AT_ONCE });
      if (found === undefined) throw new CommandFailed(exit.failed, `There is no tenant "${tenant}".`);
      broken.push(...found.broken);
      overdue.push(...found.overdue);
      tenants += found.tenants;
      if (found.next === null) break;
      after = found.next;
      warn(`${tenants} tenants verified, ${broken.length} broken`);
    }
    if (json) print(JSON.stringify({ tenants, broken, overdue }, undefined, 2));
    else for (const line of report(tenants, broken, overdue)) print(line);
    return broken.length === 0 ? exit.done : exit.broken;
  });
}

function report(tenants: number, broken: readonly BrokenInvariant[], overdue: readonly BrokenInvariant[]): string[] {
  const lines = broken
    .slice(0, SHOWN)
    .map(({ invariant, detail, ...where }) => `${place(where)}: ${invariant}: ${detail}`);
  if (broken.length > SHOWN) lines.push(`… and ${broken.length - SHOWN} more; --json has them all`);
  if (overdue.length > 0) {
    lines.push(`${overdue.length} balances have been due for more than a day: does a worker run?`);
  }
  lines.push(
    broken.length === 0
      ? `${counted(tenants, "tenant")} verified: every invariant holds`
      : `${counted(tenants, "tenant")} verified: ${counted(broken.length, "invariant")} broken`,
  );
  return lines;
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;

function place({ tenant, feature, subject, version }: Omit<BrokenInvariant, "invariant" | "detail">): string {
  return [tenant, feature, subject, version === null ? "" : `version ${version}`]
    .filter((part) => part !== "")
    .join(" ");
}
