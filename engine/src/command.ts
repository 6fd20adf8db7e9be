// The one door of the commands that are decided in TypeScript (class B: catalogue, lifecycle, administration): begin, look
// the idempotency key up, decide, keep the answer, commit. The commands on balances (class A) are wholly SQL functions that
// bring their own key, so that any transaction can call them; they do not pass here.
import { canonicalHash, canonicalJson, differingField, type Json } from "./foundation/canonical.ts";
import { Fault } from "./foundation/fault.ts";
import { jitter } from "./foundation/id.ts";
import type { AdministrationOutcomeCode } from "./foundation/outcome.ts";
import { slotOf } from "./foundation/slot.ts";
import { findCommand, rememberCommand } from "./store/commands.ts";
import type { Database, Session } from "./store/database.ts";
import { explained, isLockTimeout, isRetryable } from "./store/errors.ts";
import { tenantNow } from "./store/tenants.ts";

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 10;

/** What is asked of a command, as its key remembers it. */
export interface Asked {
  readonly command: string;
  readonly tenant: string;
  readonly idempotencyKey: string;
  readonly input: { readonly [key: string]: Json };
}

/** The key was used before with something else; `field` is the first field in which they differ. */
export interface KeyConflict {
  readonly outcome: "idempotency_conflict";
  readonly field: string;
}

/**
 * Runs a command once per key: a second call with the same input gets the first answer, marked `replayed`; with another
 * input a conflict. Only an answer that `kept` accepts is remembered, so a refusal can be tried again.
 */
export async function once<Answer extends { readonly outcome: AdministrationOutcomeCode }>(
  session: Session,
  asked: Asked,
  kept: (answer: Answer) => boolean,
  decide: () => Promise<Answer>,
): Promise<(Answer & { readonly replayed: boolean }) | KeyConflict> {
  const slot = slotOf(asked.tenant);
  const input = { ...asked.input, command: asked.command };
  const inputHash = canonicalHash(input);
  const remembered = async () => {
    const known = await findCommand(session, slot, asked.tenant, asked.idempotencyKey);
    if (known === undefined) return undefined;
    if (!known.input_hash.equals(inputHash)) {
      const field = differingField(known.input, input) ?? "command";
      return { outcome: "idempotency_conflict", field } as const;
    }
    return { ...(known.answer as Answer), replayed: true };
  };
  const before = await remembered();
  if (before !== undefined) return before;
  const answer = await decide();
  // The key decides first: what refuses this may be the same command, which was done while this one waited for a lock.
  if (!kept(answer)) return (await remembered()) ?? { ...answer, replayed: false };
  const first = await rememberCommand(session, {
    slot,
    tenant: asked.tenant,
    idempotencyKey: asked.idempotencyKey,
    command: asked.command,
    inputHash,
    input: canonicalJson(input),
    answer: JSON.stringify(answer),
    at: await tenantNow(session, slot, asked.tenant),
  });
  // Somebody else was faster with the same key: undo all of this and find their answer on the next attempt.
  if (!first) throw new Fault("retry", "the same idempotency key was used at the same moment", { retryable: true });
  return { ...answer, replayed: false };
}

/** Carries an answer out of a transaction or savepoint that is rolled back on purpose: of a refusal, of a dry run. */
export class Undone extends Error {
  readonly answer: unknown;
  constructor(answer: unknown) {
    super("rolled back on purpose");
    this.answer = answer;
  }
}

/** What `run` answers, also where it rolled everything back to answer it. */
export async function answered<Answer>(run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Undone) return error.answer as Answer;
    throw error;
  }
}

/**
 * Runs work that begins and ends a transaction, and again when the database says that it lost to another one: at most five
 * times, with growing random pauses. `again` says what else is worth another try.
 */
export async function retried<Answer>(
  work: () => Promise<Answer>,
  again: (error: unknown) => boolean = () => false,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const retry = isRetryable(error) || again(error);
      if (!retry || attempt === ATTEMPTS) throw explained(error);
      await new Promise((resolve) => setTimeout(resolve, jitter(FIRST_PAUSE_MS * 2 ** attempt)));
    }
  }
}

/** Runs a command in a transaction of its own. A dry run is the real thing, rolled back. */
export function inTransaction<Answer>(
  database: Database,
  work: (session: Session) => Promise<Answer>,
  dryRun = false,
): Promise<Answer> {
  return answered(() =>
    retried(
      () =>
        database.transaction(async (session) => {
          const answer = await work(session);
          if (dryRun) throw new Undone(answer);
          return answer;
        }),
      (error) => isLockTimeout(error) || (error instanceof Fault && error.code === "retry"),
    ),
  );
}
