// What somebody outside supplied: ids, names, subjects, metadata. It is text and nothing else; what would turn the line
// around or not be seen at all is spelled out, so that two ids which look alike can be told apart.
import { Fragment } from "react";

/** Controls, marks of direction, and characters without width; not the joiners, which emoji and some scripts need. */
const odd =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/u;
const oddOnes = new RegExp(`(${odd.source})`, "u");

const spelled = (character: string) => `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** The same as text alone, for titles and options. */
export function visible(text: string): string {
  return text
    .split(oddOnes)
    .map((part) => (odd.test(part) ? `⟨${spelled(part)}⟩` : part))
    .join("");
}

export function Said({ text, mono = false }: { readonly text: string; readonly mono?: boolean }) {
  const parts = text.split(oddOnes);
  return (
    <bdi className={mono ? "mono" : undefined}>
      {parts.map((part, i) =>
        // Every second part is one of the odd characters.
        // oxlint has no other name for a place in a text that never changes its order.
        i % 2 === 1 ? (
          <i key={i} className="odd">
            {spelled(part)}
          </i>
        ) : (
          <Fragment key={i}>{part}</Fragment>
        ),
      )}
    </bdi>
  );
}
