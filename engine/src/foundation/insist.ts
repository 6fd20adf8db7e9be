import { Fault } from "./fault.ts";

/**
 * The answer, where its outcome is one of those wanted; else a thrown fault that names the outcome and the field. For
 * scripts and deployments, which have nothing to do with a refusal but stop.
 *
 *     insist(await purser.publishCatalog({ actor: "deploy" }), "published", "unchanged");
 */
export function insist<Answer extends { readonly outcome: string }, Wanted extends Answer["outcome"]>(
  answer: Answer,
  ...wanted: readonly Wanted[]
): Extract<Answer, { readonly outcome: Wanted }> {
  if (!wanted.some((outcome) => outcome === answer.outcome)) {
    const { outcome, problems } = answer as { outcome: string; problems?: unknown };
    const field = "field" in answer ? ` (${String(answer.field)})` : "";
    throw new Fault("refused", `${outcome}${field}${problems === undefined ? "" : `: ${JSON.stringify(problems)}`}`);
  }
  return answer as Extract<Answer, { readonly outcome: Wanted }>;
}
