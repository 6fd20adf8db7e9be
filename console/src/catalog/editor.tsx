// The catalogue as JSON: edited, judged by the server's own validation, compared with what is published, and published.
import type { CatalogProblem } from "@purser/sdk";
import { type UIEvent, useMemo, useRef, useState } from "react";
import { Card, Field, Notice, submitting } from "../parts.tsx";
import { Said } from "../said.tsx";
import { sentenceOf, useSession } from "../session.tsx";
import { ComparisonView } from "./comparison.tsx";
import { type Judged, judgeCatalog, publishCatalog } from "./door.ts";
import { printed } from "./published.ts";
import { lineAt, offsetOf, parsed } from "./pointer.ts";

/** What an empty catalogue begins with. */
const scratch = { tiers: {}, features: {}, plans: {} };

export function Editor({ content, changed }: { readonly content: unknown; readonly changed: () => Promise<void> }) {
  const { client, session } = useSession();
  const [text, setText] = useState(() => printed(content ?? scratch));
  // What was judged is kept with its text: what is edited afterwards has to be judged anew before it is published.
  const [judged, setJudged] = useState<{ readonly text: string; readonly value: unknown; readonly by: Judged }>();
  const [told, setTold] = useState<{ readonly tone: "good" | "bad"; readonly title: string; readonly more: string }>();
  const [busy, setBusy] = useState(false);
  const [confirmed, setConfirmed] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => text.split("\n").map((_, i) => i + 1), [text]);

  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setTold(undefined);
    try {
      await work();
    } catch (error) {
      setTold({ tone: "bad", title: "It was not done", more: sentenceOf(error) });
    }
    setBusy(false);
  };
  const judge = async () => {
    setConfirmed(false);
    const read = parsed(text);
    if ("problem" in read) {
      const problem = { path: `line ${lineAt(text, read.offset)}`, pointer: "", problem: read.problem };
      setJudged({ text, value: undefined, by: { problems: [problem] } });
      reveal(read.offset);
      return;
    }
    setJudged({ text, value: read.value, by: await judgeCatalog(client, read.value) });
  };
  const current = judged?.text === text ? judged : undefined;
  const comparison = current !== undefined && "comparison" in current.by ? current.by.comparison : undefined;
  const publish = async () => {
    if (current === undefined || comparison === undefined) return;
    const answer = await publishCatalog(client, current.value, comparison);
    if ("refused" in answer) {
      setTold({ tone: "bad", title: "It was not published", more: answer.refused });
      return;
    }
    setJudged(undefined);
    setTold({
      tone: "good",
      title: `Revision ${answer.revision} is published`,
      more: "Who holds a plan keeps the version they hold.",
    });
    await changed();
  };

  const reveal = (offset: number) => {
    const field = area.current;
    if (field === null) return;
    field.focus();
    field.setSelectionRange(offset, offset);
    const height = Number.parseFloat(getComputedStyle(field).lineHeight);
    field.scrollTop = Math.max(0, (lineAt(text, offset) - 4) * height);
  };
  const follow = (event: UIEvent<HTMLTextAreaElement>) => {
    if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
  };
  const maySave =
    session?.scopes.includes("catalog:write") === true && session.mode === "live" && session.tenant === null;

  return (
    <Card title="As JSON">
      <form className="panel" onSubmit={submitting(() => run(judge))}>
        <Field
          label="The catalogue"
          hint="What is left out of a plan's inclusions stays as it is; an empty list clears it."
        >
          {(labels) => (
            <div className="editor">
              <div className="lines" ref={gutter} aria-hidden="true">
                {lines.join("\n")}
              </div>
              <textarea
                {...labels}
                ref={area}
                spellCheck={false}
                autoComplete="off"
                autoCapitalize="off"
                wrap="off"
                value={text}
                onScroll={follow}
                onChange={(event) => setText(event.target.value)}
              />
            </div>
          )}
        </Field>
        <div className="row">
          <button type="submit" className="button" disabled={busy}>
            Check and compare
          </button>
          <button
            type="button"
            className="button main"
            disabled={
              busy || !maySave || comparison === undefined || comparison.equal || (comparison.emptying && !confirmed)
            }
            onClick={() => void run(publish)}
          >
            Publish
          </button>
          <span className="muted small">
            {!maySave
              ? "To publish takes a live key for every tenant with the scope catalog:write."
              : comparison === undefined
                ? "What is to be published is compared first."
                : null}
          </span>
        </div>
        {comparison?.emptying === true ? (
          <Notice tone="bad" title="Nothing would be on sale any more">
            <label className="row">
              <input
                type="checkbox"
                checked={confirmed}
                onChange={(event) => setConfirmed(event.currentTarget.checked)}
              />
              Take every plan and product off sale
            </label>
          </Notice>
        ) : null}
        <div role="status" className="stack close">
          {told === undefined ? null : (
            <Notice tone={told.tone} title={told.title}>
              <Said text={told.more} />
            </Notice>
          )}
          {current === undefined ? null : "problems" in current.by ? (
            <Problems problems={current.by.problems} text={text} reveal={reveal} />
          ) : (
            <ComparisonView comparison={current.by.comparison} />
          )}
        </div>
      </form>
    </Card>
  );
}

function Problems({
  problems,
  text,
  reveal,
}: {
  readonly problems: readonly CatalogProblem[];
  readonly text: string;
  readonly reveal: (offset: number) => void;
}) {
  return (
    <Notice tone="bad" title={problems.length === 1 ? "One thing is wrong" : `${problems.length} things are wrong`}>
      <ul className="problems">
        {problems.map(({ path, pointer, problem }) => {
          const offset = offsetOf(text, pointer);
          return (
            <li key={`${path} ${problem}`}>
              <span className="row apart">
                <Said text={path} mono />
                {pointer === "" ? null : (
                  <button type="button" className="button quiet" onClick={() => reveal(offset)}>
                    Line {lineAt(text, offset)}
                  </button>
                )}
              </span>
              <Said text={problem} />
            </li>
          );
        })}
      </ul>
    </Notice>
  );
}
