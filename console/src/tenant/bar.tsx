// A balance as a line: what is left fills it from its beginning, by grant in burn order; then what is held; then what is
// used, which is empty. In every colour scheme what stands out is what is left.
import type { OpenGrant } from "@purser/sdk";
import { number } from "../format.ts";

const WIDTH = 1000;
const GAP = 4;

export interface Parts {
  /** Null while unlimited. */
  readonly left: number | null;
  readonly held: number;
  readonly granted: number;
}

interface Piece {
  readonly key: string;
  readonly kind: "left" | "held";
  readonly size: number;
}

/** What is left of each grant, and what is held; a hold sets aside what would be drawn next. */
function piecesOf(grants: readonly Pick<OpenGrant, "grantId" | "remaining">[], left: number, held: number): Piece[] {
  let aside = grants.reduce((sum, { remaining }) => sum + (remaining ?? 0), 0) - left;
  const pieces: Piece[] = grants.map(({ grantId, remaining }) => {
    const taken = Math.min(Math.max(aside, 0), remaining ?? 0);
    aside -= taken;
    return { key: grantId, kind: "left", size: (remaining ?? 0) - taken };
  });
  return [...pieces, { key: "held", kind: "held" as const, size: held }].filter(({ size }) => size > 0);
}

export function Bar({
  grants,
  parts: { left, held, granted },
  label,
}: {
  readonly grants: readonly Pick<OpenGrant, "grantId" | "remaining">[];
  readonly parts: Parts;
  readonly label: string;
}) {
  const pieces: readonly Piece[] =
    left === null ? [{ key: "all", kind: "left", size: 1 }] : piecesOf(grants, Math.max(left, 0), held);
  const filled = pieces.reduce((sum, { size }) => sum + size, 0);
  const total = left === null ? 1 : Math.max(granted, filled);
  let at = 0;
  return (
    <svg className="bar" viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" role="img" aria-label={label}>
      <rect className="is-used" width={WIDTH} height="10" />
      {pieces.map(({ key, kind, size }) => {
        const from = at;
        const length = (size / total) * WIDTH;
        at += length;
        return (
          <g key={key}>
            <rect className={`is-${kind}`} x={from} width={length} height="10" />
            {from === 0 ? null : <rect className="gap" x={from - GAP / 2} width={GAP} height="10" />}
          </g>
        );
      })}
    </svg>
  );
}

/** What the line shows, for whoever does not see it. */
export function inFigures({ left, held, granted }: Parts): string {
  const aside = held > 0 ? `, ${number(held)} held` : "";
  return left === null
    ? `unlimited${aside}`
    : `${number(left)} of ${number(granted)} left${aside}, ${number(Math.max(granted - left - held, 0))} used`;
}

export function Legend() {
  return (
    <ul className="legend muted small" aria-label="What the lines show">
      {(["left", "held", "used"] as const).map((kind) => (
        <li key={kind}>
          <svg className="bar" viewBox="0 0 10 10" aria-hidden="true">
            <rect className={`is-${kind}`} width="10" height="10" />
          </svg>
          {kind}
        </li>
      ))}
    </ul>
  );
}
