// The lines that a newcomer pastes first. The tests run them as they are printed.

export interface TryOut {
  readonly url: string;
  /** A key for live tenants. */
  readonly key: string;
  /** Makes the idempotency key of this start a new one, so that the first of the two really takes something. */
  readonly word: string;
}

/** What to paste, each with a line that says what it shows. */
export function curlLines({ url, key, word }: TryOut): readonly { readonly shows: string; readonly line: string }[] {
  const tenant = `${url}/v1/tenants/acme`;
  const call = (path: string, ...more: string[]) =>
    ["curl -sS -w '\\n'", `${tenant}/${path}`, `-H 'Authorization: Bearer ${key}'`, ...more].join(" ");
  const five = [`-H 'Idempotency-Key: try-${word}'`, json({ feature: "messaging.credits", amount: 5 })];
  return [
    { shows: "May acme run a calculation?", line: call("check", json({ feature: "annuity.calculate" })) },
    { shows: "Take 5 messaging credits …", line: call("consume", ...five) },
    { shows: '… and the same request again: "replayed", and nothing more is taken', line: call("consume", ...five) },
    { shows: "What is left?", line: call("balances") },
    {
      shows: "May acme use single sign-on? No, and what would unlock it",
      line: call("check", json({ feature: "ccp-14" })),
    },
  ];
}

const json = (body: object) => `-H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
