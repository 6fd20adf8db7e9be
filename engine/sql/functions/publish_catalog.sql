-- Publishes a revision of the catalogue, all of it or nothing, on top of the revision it was compared with: whoever was
-- faster wins and the other is told. The rows come checked and numbered from engine/src/catalog as JSON arrays with the
-- tables' own column names; versions are only ever added. What is no longer named is taken off sale, not deleted, because
-- tenants still hold it. Internal to the publish-catalog command.
CREATE OR REPLACE FUNCTION purser.publish_catalog(
  p_expected_revision integer, p_content_hash text, p_content jsonb, p_rows jsonb, p_actor text, p_at timestamptz,
  OUT outcome text, OUT revision integer
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, purser, pg_temp
SET lock_timeout = '5s'
AS $$
#variable_conflict use_column
BEGIN
  SELECT coalesce(max(r.revision), 0) INTO revision FROM purser.catalog_revisions r;
  IF revision <> p_expected_revision THEN
    outcome := 'revision_conflict';
    RETURN;
  END IF;
  INSERT INTO purser.catalog_revisions AS r (revision, content_hash, content, published_by, published_at)
    VALUES (p_expected_revision + 1, p_content_hash, p_content, p_actor, p_at)
    ON CONFLICT (revision) DO NOTHING
    RETURNING r.revision INTO revision;
  IF revision IS NULL THEN
    outcome := 'revision_conflict';
    RETURN;
  END IF;

  UPDATE purser.tiers t SET active = false;
  INSERT INTO purser.tiers AS t SELECT w.* FROM jsonb_populate_recordset(NULL::purser.tiers, p_rows -> 'tiers') w
    ON CONFLICT (key) DO UPDATE SET rank = excluded.rank, name = excluded.name, description = excluded.description,
      category = excluded.category, active = excluded.active, metadata = excluded.metadata;
  UPDATE purser.features f SET active = false;
  INSERT INTO purser.features AS f SELECT w.* FROM jsonb_populate_recordset(NULL::purser.features, p_rows -> 'features') w
    ON CONFLICT (key) DO UPDATE SET name = excluded.name, description = excluded.description, unit = excluded.unit,
      minimum_tier = excluded.minimum_tier, enforcement = excluded.enforcement, on_downgrade = excluded.on_downgrade,
      degraded_value = excluded.degraded_value, always_on = excluded.always_on, on_error = excluded.on_error,
      last_known_max_age_seconds = excluded.last_known_max_age_seconds, active = excluded.active,
      metadata = excluded.metadata;
  DELETE FROM purser.capabilities;
  INSERT INTO purser.capabilities
    SELECT w.* FROM jsonb_populate_recordset(NULL::purser.capabilities, p_rows -> 'capabilities') w;
  UPDATE purser.plans p SET active = false;
  INSERT INTO purser.plans AS p SELECT w.* FROM jsonb_populate_recordset(NULL::purser.plans, p_rows -> 'plans') w
    ON CONFLICT (key) DO UPDATE SET name = excluded.name, description = excluded.description, addon = excluded.addon,
      active = excluded.active, metadata = excluded.metadata;
  INSERT INTO purser.plan_versions
    SELECT w.* FROM jsonb_populate_recordset(NULL::purser.plan_versions, p_rows -> 'plan_versions') w;
  INSERT INTO purser.plan_inclusions
    SELECT w.* FROM jsonb_populate_recordset(NULL::purser.plan_inclusions, p_rows -> 'plan_inclusions') w;
  UPDATE purser.products p SET active = false;
  INSERT INTO purser.products AS p SELECT w.* FROM jsonb_populate_recordset(NULL::purser.products, p_rows -> 'products') w
    ON CONFLICT (key) DO UPDATE SET name = excluded.name, description = excluded.description, active = excluded.active,
      metadata = excluded.metadata;
  INSERT INTO purser.product_versions
    SELECT w.* FROM jsonb_populate_recordset(NULL::purser.product_versions, p_rows -> 'product_versions') w;
  INSERT INTO purser.product_inclusions
    SELECT w.* FROM jsonb_populate_recordset(NULL::purser.product_inclusions, p_rows -> 'product_inclusions') w;
  outcome := 'published';
END
$$;
