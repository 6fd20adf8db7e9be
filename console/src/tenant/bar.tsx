// A balance as a line: its grants in burn order, each as long as its amount, filled as far as it is used.
import type { OpenGrant } from "@purser/sdk";
import { number } from "../format.ts";

const WIDTH = 1000;
const GAP = 4;

export function Bar({
  grants,
  label,
  slim = false,
}: {
  readonly grants: readonly Pick<OpenGrant, "grantId" | "amount" | "used" | "unlimited">[];
  readonly label: string;
  readonly slim?: boolean;
}) {
  const total = grants.reduce((sum, { amount }) => sum + (amount ?? 0), 0);
  const unlimited = grants.some((grant) => grant.unlimited);
  let at = 0;
  const pieces = grants.map(({ grantId, amount, used }) => {
    const from = at;
    const length = total === 0 ? 0 : ((amount ?? 0) / total) * WIDTH;
    at += length;
    return { grantId, from, length, filled: amount === null || amount === 0 ? 0 : length * Math.min(used / amount, 1) };
  });
  return (
    <svg
      className={slim ? "bar slim" : "bar"}
      viewBox={`0 0 ${WIDTH} 10`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <rect className={unlimited ? "free" : "rest"} width={WIDTH} height="10" />
      {unlimited
        ? null
        : pieces.map(({ grantId, from, length, filled }, i) => (
            <g key={grantId}>
              <rect className="free" x={from} width={length} height="10" />
              <rect className="used" x={from} width={filled} height="10" />
              {i === 0 ? null : <rect className="gap" x={from - GAP / 2} width={GAP} height="10" />}
            </g>
          ))}
    </svg>
  );
}

export const drawn = (used: number, amount: number | null) =>
  amount === null ? `${number(used)} used, unlimited` : `${number(used)} of ${number(amount)} used`;
