// What somebody outside supplied: ids, names, subjects, metadata. It is text and nothing else; what would turn the line
// around or not be seen at all is spelled out, so that two ids which look alike can be told apart.
import { Fragment } from "react";

/** Controls, marks of direction, and what has no width; not the joiners and variants, which emoji and some scripts need. */
const odd = /(?!\p{Join_Control}|\p{Variation_Selector})[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const around = new RegExp(`(${odd.source})`, "u");

const spelled = (character: string) =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** The same as text alone, for titles and options. */
export function visible(text: string): string {
  return text
    .split(around)
    .map((part) => (odd.test(part) ? `⟨${spelled(part)}⟩` : part))
    .join("");
}

/** A key may go on in the next line after a dot, a dash or an underscore, and not amid a word of it. */
const atJoints = (key: string) =>
  key.split(/(?<=[._-])(?=[^._-])/).map((word, i) => (
    <Fragment key={i}>
      {i === 0 ? null : <wbr />}
      {word}
    </Fragment>
  ));

export function Said({ text, mono = false }: { readonly text: string; readonly mono?: boolean }) {
  return (
    <bdi className={mono ? "mono" : undefined}>
      {text.split(around).map((part, i) =>
        odd.test(part) ? (
          <i key={i} className="odd">
            {spelled(part)}
          </i>
        ) : mono ? (
          atJoints(part)
        ) : (
          part
        ),
      )}
    </bdi>
  );
}
