// A figure of throughput, or of what one consumption costs, beside what it is held against.
import { median } from "./bar.ts";

/** One way to do as much as possible. */
export interface Runner {
  readonly name: string;
  /** Does it for so long, and says how often it was done a second. */
  run(seconds: number): Promise<number>;
}

export interface Figure {
  readonly bar: string;
  readonly what: string;
  readonly ours: number;
  readonly base: number;
  readonly ratio: number;
  /** What the ratio must reach, and what is wished for; left out where it is only shown. */
  readonly floor?: number;
  readonly aim?: number;
  /** That a smaller ratio is the better one. */
  readonly smaller?: true;
  /** Whether the checker found every acknowledged consumption, once; a void figure measured nothing. */
  readonly ok: boolean;
  readonly problem?: string;
}

/** How often a second `once` is done by so many at the same time. */
export function many(name: string, inFlight: number, once: () => Promise<void>): Runner {
  return {
    name: `${name}, ${inFlight} at once`,
    async run(seconds) {
      const start = performance.now();
      let done = 0;
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          while (performance.now() - start < seconds * 1000) {
            await once();
            done += 1;
          }
        }),
      );
      return done / ((performance.now() - start) / 1000);
    },
  };
}

/** The fastest of several ways to do the same, found out by a short run of each after one to warm up. */
export async function fastest(runners: readonly Runner[]): Promise<Runner> {
  let best: { runner: Runner; rate: number } | undefined;
  for (const runner of runners) {
    await runner.run(0.5);
    const rate = await runner.run(1.5);
    if (best === undefined || rate > best.rate) best = { runner, rate };
  }
  if (best === undefined) throw new Error("nothing to choose from");
  return best.runner;
}

/** Both in turns, so that what the machine does meanwhile happens to both: medians, and the median of the ratios. */
export async function inTurns(ours: Runner, base: Runner, pairs: number, seconds: number) {
  const found: { ours: number; base: number }[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const [first, second] = pair % 2 === 0 ? [ours, base] : [base, ours];
    const one = await first.run(seconds);
    const other = await second.run(seconds);
    found.push(first === ours ? { ours: one, base: other } : { ours: other, base: one });
  }
  return {
    ours: Math.round(median(found.map((pair) => pair.ours))),
    base: Math.round(median(found.map((pair) => pair.base))),
    ratio: round(median(found.map((pair) => pair.ours / pair.base))),
  };
}

export const round = (value: number) => Number(value.toPrecision(3));

/** A line for people. */
export function lineOf({ bar, ours, base, ratio, floor, aim, smaller, ok, problem, what }: Figure): string {
  const against = base === 1 ? "" : `   base ${String(base).padStart(8)}`;
  const held =
    floor === undefined
      ? ""
      : `   ${(smaller === true ? ratio <= floor : ratio >= floor) ? "holds" : "MISSES"} ${floor} (aim ${aim})`;
  return `${bar.padEnd(26)} ours ${String(ours).padStart(8)}${against}   ratio ${String(ratio).padStart(6)}${held}   ${ok ? "checked" : `VOID: ${problem}`}   ${what}`;
}
