import type { Session } from "./database.ts";

export interface WordRow {
  is_feature: boolean;
  /** What the capability of this key is mapped to; null where there is none. */
  feature: string | null;
  amount: string | null;
}

const WORD = `SELECT EXISTS (SELECT FROM purser.features f WHERE f.key = $1::text) AS is_feature, c.feature, c.amount
  FROM (SELECT) AS one LEFT JOIN purser.capabilities c ON c.key = $1::text`;

/** What a word of the published catalogue stands for, those off sale among them. */
export async function findWord(session: Session, key: string): Promise<WordRow | undefined> {
  const [row] = await session.query<WordRow>(WORD, [key]);
  return row;
}
