// A bar is a ratio: ours beside something bare, both in the same run on the same machine, in turns, so that what the machine
// does meanwhile happens to both. A run whose checker fails measured nothing.

/** One way to do the thing once. */
export interface Contender {
  readonly name: string;
  /** What has to be so before each time, and is not measured. */
  arrange?(): Promise<void>;
  once(): Promise<void>;
}

export interface Bar {
  readonly name: string;
  readonly what: string;
  /** Times a round each of them, and how many rounds. */
  readonly calls: number;
  readonly rounds: number;
  readonly ours: Contender;
  readonly bare: Contender;
  /** What the ratio may be at most, and what is wished for; left out where it is only shown. */
  readonly floor?: number;
  readonly aim?: number;
  /** What must hold afterwards; the reason why it does not, or undefined. */
  check(): Promise<string | undefined>;
}

/** A bar that takes long to prepare, and is only prepared where it is measured. */
export interface LateBar {
  readonly name: string;
  prepare(): Promise<Bar>;
}

export interface Measured {
  readonly bar: string;
  readonly what: string;
  /** Microseconds a call, the median over all calls of the median rounds. */
  readonly ours: number;
  readonly base: number;
  /** The median of the ratios of the pairs. */
  readonly ratio: number;
  readonly floor?: number;
  readonly aim?: number;
  readonly ok: boolean;
  readonly problem?: string;
}

/**
 * Runs one bar: a round of both to warm up, so that what is measured is a server that has run for a while; then pairs of
 * rounds in turns.
 */
export async function measure(bar: Bar): Promise<Measured> {
  for (const contender of [bar.ours, bar.bare]) await round(contender, bar.calls);
  const pairs: { ours: number; base: number }[] = [];
  for (let i = 0; i < bar.rounds; i += 1) {
    const oursFirst = i % 2 === 0;
    const one = await round(oursFirst ? bar.ours : bar.bare, bar.calls);
    const other = await round(oursFirst ? bar.bare : bar.ours, bar.calls);
    pairs.push(oursFirst ? { ours: one, base: other } : { ours: other, base: one });
  }
  const problem = await bar.check();
  return {
    bar: bar.name,
    what: bar.what,
    ours: Math.round(median(pairs.map(({ ours }) => ours))),
    base: Math.round(median(pairs.map(({ base }) => base))),
    ratio: Math.round(median(pairs.map(({ ours, base }) => ours / base)) * 100) / 100,
    ...(bar.floor === undefined ? {} : { floor: bar.floor }),
    ...(bar.aim === undefined ? {} : { aim: bar.aim }),
    ok: problem === undefined,
    ...(problem === undefined ? {} : { problem }),
  };
}

/** The median latency of the calls of one round, in microseconds. */
async function round(contender: Contender, calls: number): Promise<number> {
  const latencies: number[] = [];
  for (let i = 0; i < calls; i += 1) {
    await contender.arrange?.();
    const start = performance.now();
    await contender.once();
    latencies.push((performance.now() - start) * 1000);
  }
  return median(latencies);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
