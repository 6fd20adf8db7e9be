// The pages of a list that the server cuts: forward by its cursor, and back by those that were used before.
interface PagesOf {
  /** The cursors of the pages after the first, up to the one that is shown. */
  readonly trail: readonly string[];
  /** Leads to the next page; null where this is the last. */
  readonly next: string | null;
  readonly label: string;
  readonly turn: (trail: readonly string[]) => void;
}

/** The way through the pages; nothing where all of the list is on one. */
export function Pages({ trail, next, label, turn }: PagesOf) {
  if (trail.length === 0 && next === null) return null;
  return (
    <nav className="row" aria-label={label}>
      <button type="button" className="button" disabled={trail.length === 0} onClick={() => turn(trail.slice(0, -1))}>
        ← Previous
      </button>
      <span className="muted number">Page {trail.length + 1}</span>
      <button
        type="button"
        className="button"
        disabled={next === null}
        onClick={() => next !== null && turn([...trail, next])}
      >
        Next →
      </button>
    </nav>
  );
}
