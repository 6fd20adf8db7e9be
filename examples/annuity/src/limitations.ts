// What a workspace may do and how much of it is left, for its own people: no right to see the billing is needed for that.
import type { Purser } from "@purser/engine";
import type { catalog } from "./catalog.ts";

export interface Limitation {
  readonly code: string;
  readonly kind: string | null;
  /** What counts: the number of things allowed, null where they are not limited; of a flag whether it is on. */
  readonly effective: number | boolean | null;
  readonly granted: number | null;
  readonly consumed: number | null;
  /** When this changes by time alone. */
  readonly nextChangeAt: string | null;
  /** `open`, or in lower case why not. */
  readonly lockState: string;
  readonly enforcementMode: "hard" | "soft" | "observe";
}

export interface Limitations {
  readonly generatedAt: string;
  /** Whether this is an older answer, because there is no newer one to be had. */
  readonly stale: boolean;
  readonly limitations: readonly Limitation[];
}

export type LimitationsOf = (workspace: string) => Promise<Limitations>;

/** Reads the limitations of a workspace, and answers the last that were read where the database is away. */
export function limitationsReader(purser: Purser<typeof catalog>, now: () => Date): LimitationsOf {
  const last = new Map<string, Limitations>();
  return async (workspace) => {
    try {
      const found = { generatedAt: now().toISOString(), stale: false, limitations: await read(purser, workspace) };
      last.set(workspace, found);
      return found;
    } catch (error) {
      const known = last.get(workspace);
      if (known === undefined) throw error;
      return { ...known, stale: true };
    }
  };
}

async function read(purser: Purser<typeof catalog>, tenant: string): Promise<Limitation[]> {
  const balances = await purser.balances({ tenant });
  return (await purser.checkAll({ tenant })).map(({ feature, kind, allowed, reason, unlimited, limit, resetsAt }) => {
    const balance = balances.find((one) => one.feature === feature && one.subject === "");
    return {
      code: feature,
      kind,
      effective: kind === "flag" ? allowed : unlimited ? null : limit,
      granted: balance?.granted ?? null,
      consumed: balance === undefined ? null : balance.kind === "capacity" ? balance.claimed : balance.used,
      nextChangeAt: (balance?.nextChangeAt ?? resetsAt)?.toISOString() ?? null,
      lockState: allowed ? "open" : reason.toLowerCase(),
      enforcementMode: balance?.enforcement ?? "hard",
    };
  });
}
