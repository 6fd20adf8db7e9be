// Pages of a list. Every list has a total order that does not change while rows are added, the one of its keys byte by
// byte, and a page begins behind a key and not after a number of lines: so nothing is told twice or left out.

/** Names a line of a list by what the list is ordered by. Of a page before, and not to be made by hand. */
export type Key = readonly string[];

export interface PageInput {
  /** Begins behind this line, which need not be there any more; with the first line where it is not said. */
  readonly after?: Key | undefined;
  /** How many lines at most, 1 or more. */
  readonly count: number;
}

export interface Page<Line> {
  readonly lines: readonly Line[];
  /** The `after` of the next page; null where this is the last. */
  readonly next: Key | null;
}

/** One page. `read` answers the rows behind a key, in order; one more than asked for tells whether there is another page. */
export async function pageOf<Row, Line>(
  { after = [], count }: PageInput,
  list: {
    readonly read: (after: Key, most: number) => Promise<readonly Row[]>;
    readonly keyOf: (row: Row) => Key;
    readonly lineOf: (row: Row) => Line;
  },
): Promise<Page<Line>> {
  // A page without lines would lead nowhere, and look like the last.
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`count must be 1 or more: ${count}`);
  const rows = await list.read(after, count + 1);
  const shown = rows.slice(0, count);
  const last = shown.at(-1);
  return {
    lines: shown.map(list.lineOf),
    next: rows.length > count && last !== undefined ? list.keyOf(last) : null,
  };
}

/** How many lines are read at once where all of them are wanted. */
const AT_ONCE = 1000;

/** Every line of a list, however many. Beyond a thousand lines they are of more than one instant. */
export async function wholeOf<Line>(page: (asked: PageInput) => Promise<Page<Line>>): Promise<Line[]> {
  const all: Line[] = [];
  for (let after: Key | undefined; ; ) {
    const { lines, next } = await page({ after, count: AT_ONCE });
    for (const line of lines) all.push(line);
    if (next === null) return all;
    after = next;
  }
}
