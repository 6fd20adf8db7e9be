// What the functions on balances answer: one row, decimals and bigints as texts.

/** What all of them tell. */
export interface AnswerRow {
  outcome: string;
  field: string | null;
  available: string | null;
  version: string | null;
}

/** The row of a function that answers one. */
export function only<Row>(rows: Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error("a function that answers one row answered none");
  return row;
}
