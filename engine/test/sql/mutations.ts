// What a slip of the pen could do to the SQL, and who has to notice it: a worked example whose record no longer comes out, or a
// race between two sessions who are told something else.

interface Mutation {
  /** The function. */
  readonly of: string;
  readonly from: string;
  readonly to: string;
  /** A story of engine/sql/examples, or a race of races.ts. */
  readonly noticedBy: string;
}

export const mutations: readonly Mutation[] = [
  { of: "consume_in_slot", from: "FOR NO KEY UPDATE", to: "", noticedBy: "consume" },
  { of: "consume_in_slot", from: "p_amount <= v_available", to: "p_amount < v_available", noticedBy: "consume" },
  {
    of: "consume_many_in_slots",
    from: "sum(n.demand) OVER of_balance <= n.available",
    to: "true",
    noticedBy: "20_consume_many",
  },
  {
    of: "consume_many_in_slots",
    from: "v_overage > 0 AND v_row.enforcement = 'hard'",
    to: "v_row.enforcement = 'hard'",
    noticedBy: "20_consume_many",
  },
  { of: "consume_in_slot", from: "v_denied IS NOT NULL", to: "false", noticedBy: "36_suspension" },
  { of: "consume_in_slot", from: "v_next > recorded_at", to: "v_next >= recorded_at", noticedBy: "06_windows" },
  {
    of: "consume_in_slot",
    from: "ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING",
    to: "",
    noticedBy: "02_idempotency",
  },
  { of: "consumption_answer", from: "v_fact.amount <> p_amount", to: "false", noticedBy: "02_idempotency" },
  { of: "freshen_balance", from: "FOR NO KEY UPDATE", to: "", noticedBy: "reserve" },
  { of: "freshen_balance", from: "FOR NO KEY UPDATE", to: "", noticedBy: "claim" },
  {
    of: "freshen_balance",
    from: "next_change_at > now_at",
    to: "next_change_at >= now_at",
    noticedBy: "32_restriction",
  },
  { of: "reserve", from: "p_amount > available", to: "p_amount >= available", noticedBy: "reserve" },
  {
    of: "reserve",
    from: "ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING",
    to: "",
    noticedBy: "23_hold",
  },
  { of: "reserve", from: "held = v_row.held + v_funded", to: "held = v_row.held", noticedBy: "23_hold" },
  { of: "settle", from: "least(p_amount, v_funded)", to: "v_funded", noticedBy: "24_hold_outlives_its_window" },
  { of: "settle", from: "v_hold.status = 'expired'", to: "false", noticedBy: "23_hold" },
  { of: "settle", from: "WHEN v_hold.settled + v_hold.unfunded <> p_amount", to: "WHEN false", noticedBy: "23_hold" },
  {
    of: "drawn_from",
    from: "least(p_amount, greatest(p_available, 0))",
    to: "p_amount",
    noticedBy: "25_settle_above_the_reserve",
  },
  { of: "end_pins", from: "IF v_pin.in_force THEN", to: "IF true THEN", noticedBy: "24_hold_outlives_its_window" },
  { of: "grants_closed", from: "p_at < o.ends_at,", to: "p_at <= o.ends_at,", noticedBy: "08_dates_of_a_grant" },
  { of: "grants_closed", from: "h.priority, h.expires_at", to: "h.expires_at, h.priority", noticedBy: "03_burn_order" },
  {
    of: "grants_closed",
    from: "AND g.unlimited = (SELECT balance.unlimited FROM balance)",
    to: "",
    noticedBy: "04_unlimited",
  },
  {
    of: "grants_due",
    from: "greatest(n.whole - n.carried, 0)",
    to: "n.whole",
    noticedBy: "33_upgrade_inside_a_window",
  },
  { of: "grants_due", from: "least(w.rollover_cap,", to: "greatest(w.rollover_cap,", noticedBy: "35_rollover" },
  { of: "windows_due", from: "p_at < m.ends_at)\n", to: "false)\n", noticedBy: "31_override" },
  { of: "reverse_consumption", from: "ORDER BY p.drawn DESC", to: "ORDER BY p.drawn", noticedBy: "22_reverse" },
  { of: "reverse_consumption", from: "v_undone.amount = v_fact.amount", to: "false", noticedBy: "22_reverse" },
  {
    of: "reverse_consumption",
    from: "least(amount, v_fact.overage - v_undone.overage)",
    to: "0",
    noticedBy: "22_reverse",
  },
  { of: "void_grant", from: "coalesce(v_open.remaining, 0)", to: "0", noticedBy: "26_void" },
  { of: "void_grant", from: "WHEN p_refund THEN", to: "WHEN false THEN", noticedBy: "27_refund" },
  {
    of: "claim",
    from: "v_row.claimed + 1 > v_row.granted",
    to: "v_row.claimed > v_row.granted",
    noticedBy: "28_claims",
  },
  {
    of: "claim",
    from: "WHEN v_row.denied_reason IS NOT NULL THEN lower(v_row.denied_reason)",
    to: "",
    noticedBy: "32_restriction",
  },
  { of: "issue_grant", from: "ON CONFLICT (tenant_id, dedupe_key, slot) DO NOTHING", to: "", noticedBy: "grant" },
  // The lock.
  { of: "consume_many_in_slots", from: "FOR NO KEY UPDATE OF b) l;", to: ") l;", noticedBy: "many" },
  {
    of: "consume_many_in_slots",
    from: "FOR NO KEY UPDATE OF b SKIP LOCKED) l;",
    to: "FOR NO KEY UPDATE OF b) l;",
    noticedBy: "lane",
  },
  { of: "consume_many_in_slots", from: "FOR NO KEY UPDATE OF b SKIP LOCKED) l;", to: ") l;", noticedBy: "lane" },
  { of: "turn_due_balances", from: " SKIP LOCKED", to: "", noticedBy: "boundary" },
  { of: "turn_due_balances", from: "FOR NO KEY UPDATE OF b SKIP LOCKED", to: "", noticedBy: "boundary" },
  { of: "open_balance", from: " FOR SHARE", to: "", noticedBy: "first use" },
  { of: "open_balance", from: "EXIT WHEN v_locked = v_known", to: "EXIT", noticedBy: "first use" },
  { of: "issue_grant", from: " FOR SHARE", to: "", noticedBy: "first grant" },
  ...["settle after a consumption", "void", "reverse", "report", "count", "resolver", "release of a claim"].map(
    (noticedBy) => ({ of: "freshen_balance", from: "FOR NO KEY UPDATE", to: "", noticedBy }),
  ),
  // What is read again under the lock (A08).
  ...["settle", "release", "extend"].map((of) => ({
    of,
    from: "v_now := v_row.now_at;\n  SELECT h.* INTO v_hold FROM purser.holds h",
    to: "v_now := v_row.now_at;\n  PERFORM FROM purser.holds h",
    noticedBy: of,
  })),
  {
    of: "lock_capacity",
    from: "version := purser.write_occupied(",
    to: "PERFORM concat(",
    noticedBy: "resolver with a snapshot",
  },
  // The key.
  {
    of: "consume_many_in_slots",
    from: "ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING",
    to: "",
    noticedBy: "key of many",
  },
  { of: "consume_many_in_slots", from: "v_written <> v_accepted", to: "false", noticedBy: "key of many" },
  {
    of: "consume_many",
    from: "WHEN serialization_failure THEN",
    to: "WHEN division_by_zero THEN",
    noticedBy: "key of many",
  },
  {
    of: "consume_in_slot",
    from: "ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING",
    to: "",
    noticedBy: "key on two balances",
  },
  {
    of: "reserve",
    from: "ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING",
    to: "",
    noticedBy: "key of a hold",
  },
  {
    of: "issue_grant",
    from: "ON CONFLICT (tenant_id, dedupe_key, slot) DO NOTHING",
    to: "",
    noticedBy: "key of a grant",
  },
  { of: "settle", from: "v_hold.status = 'settled' THEN", to: "false THEN", noticedBy: "23_hold" },
  { of: "void_grant", from: "v_void.voided_version IS NOT NULL", to: "false", noticedBy: "void twice" },
  { of: "reverse_consumption", from: "IF v_undone.version IS NOT NULL", to: "IF false", noticedBy: "22_reverse" },
  {
    of: "reverse_consumption",
    from: "ON CONFLICT (tenant_id, dedupe_key, slot) DO NOTHING",
    to: "",
    noticedBy: "key of two reversals",
  },
  {
    of: "open_interval",
    from: "ON CONFLICT (tenant_id, idempotency_key, slot) DO NOTHING",
    to: "",
    noticedBy: "key of a reversal",
  },
  { of: "claim", from: "WHEN v_held IS NOT NULL THEN 'claimed'", to: "", noticedBy: "28_claims" },
  {
    of: "claim",
    from: "AND c.slot = v_slot AND c.released_at IS NULL",
    to: "AND c.slot = v_slot",
    noticedBy: "28_claims",
  },
  { of: "release_claim", from: "v_claim.released_version IS NOT NULL", to: "false", noticedBy: "28_claims" },
  // The guard.
  { of: "consume_many_in_slots", from: "ELSE lower(b.denied_reason)", to: "ELSE NULL", noticedBy: "39_edges" },
  {
    of: "reserve",
    from: "WHEN v_row.denied_reason IS NOT NULL THEN lower(v_row.denied_reason)",
    to: "",
    noticedBy: "32_restriction",
  },
  { of: "settle", from: "v_hold.status = 'released' THEN", to: "false THEN", noticedBy: "23_hold" },
  { of: "release", from: "v_hold.status IN ('settled', 'expired')", to: "false", noticedBy: "release" },
  { of: "extend", from: "v_hold.status <> 'open'", to: "false", noticedBy: "23_hold" },
  { of: "void_grant", from: "p_actor IN ('', 'purser')", to: "p_actor = ''", noticedBy: "39_edges" },
  {
    of: "reverse_consumption",
    from: "p_amount > v_fact.amount - v_undone.amount",
    to: "false",
    noticedBy: "22_reverse",
  },
  { of: "claim", from: "v_row.reported AND v_row.claimed > 0", to: "false", noticedBy: "count" },
  { of: "report_count", from: "v_row.claimed > 0 AND NOT v_row.reported", to: "false", noticedBy: "39_edges" },
  { of: "report_count", from: "p_count < 0", to: "p_count < -1", noticedBy: "29_reported_count" },
  {
    of: "lock_capacity",
    from: "WHEN v_row.denied_reason IS NOT NULL THEN lower(v_row.denied_reason)",
    to: "",
    noticedBy: "39_edges",
  },
  // The edge.
  {
    of: "consume_many_in_slots",
    from: "b.next_change_at <= i.now_at",
    to: "b.next_change_at < i.now_at",
    noticedBy: "39_edges",
  },
  { of: "reserve", from: "p_expires_at <= coalesce", to: "p_expires_at < coalesce", noticedBy: "39_edges" },
  {
    of: "settle",
    from: "v_hold.interval_no < v_row.interval_no",
    to: "v_hold.interval_no <= v_row.interval_no",
    noticedBy: "39_edges",
  },
  {
    of: "release",
    from: "v_hold.interval_no < v_row.interval_no",
    to: "false",
    noticedBy: "24_hold_outlives_its_window",
  },
  { of: "extend", from: "p_expires_at <= v_now", to: "p_expires_at < v_now", noticedBy: "39_edges" },
  { of: "issue_grant", from: "p_expires_at <= v_effective", to: "false", noticedBy: "grant that ends while it waits" },
  {
    of: "reverse_consumption",
    from: "p_amount > v_fact.amount - v_undone.amount",
    to: "p_amount >= v_fact.amount - v_undone.amount",
    noticedBy: "39_edges",
  },
  { of: "report_count", from: "p_count < 0", to: "p_count <= 0", noticedBy: "39_edges" },
  { of: "turn_due_balances", from: "b.next_change_at <= CASE", to: "b.next_change_at < CASE", noticedBy: "boundary" },
];
