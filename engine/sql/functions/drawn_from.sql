-- How an amount that has to be booked whatever there is divides: what is taken of what is available, what is overage, and
-- where the feature refuses what nobody pays for.
CREATE OR REPLACE FUNCTION purser.drawn_from(
  p_amount numeric, p_enforcement text, p_unlimited boolean, p_available numeric,
  OUT drawn numeric, OUT overage numeric, OUT unfunded numeric
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
BEGIN
  drawn := CASE WHEN p_unlimited THEN p_amount ELSE least(p_amount, greatest(p_available, 0)) END;
  overage := CASE p_enforcement WHEN 'hard' THEN 0 ELSE p_amount - drawn END;
  unfunded := p_amount - drawn - overage;
END
$$;
