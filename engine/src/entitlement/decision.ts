import type { AllowingReason, DenialReason } from "../foundation/outcome.ts";

/** The answer to a check: data, never an error. Quantities in units of the feature. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason: DenialReason | AllowingReason;
  /** The feature that decided; of a capability, the one it is mapped to. */
  readonly feature: string;
  readonly kind: "flag" | "value" | "capacity" | "metered" | "credits" | null;
  readonly tier: string | null;
  readonly requiredTier: string | null;
  /** What a feature of kind `value` stands at. */
  readonly value: unknown;
  /** All numbers are null where the feature has none or is unlimited. */
  readonly limit: number | null;
  readonly used: number | null;
  readonly remaining: number | null;
  readonly unlimited: boolean;
  /** By how much more is in use than is granted. */
  readonly overLimit: number;
  /** The next instant at which this answer changes by time alone. */
  readonly resetsAt: Date | null;
  readonly source: "plan" | "purchase" | "override" | null;
  readonly restrictedBy: "disabled" | "frozen" | "degraded" | null;
  /** The plans and products that would allow what was denied. */
  readonly unlockedBy: readonly string[];
  readonly asOf: Date;
  /** The version of the balance that was read; 0 where none was. */
  readonly version: number;
  /** Whether it was told from memory: always false so far, since there is no cache yet. */
  readonly cached: boolean;
  /** For how many seconds it may still be told from memory: always 0 so far. */
  readonly cacheTtlRemaining: number;
}
