-- Whether a number can be an amount: more than zero, at most 6 fractional and 15 significant digits.
CREATE OR REPLACE FUNCTION purser.is_quantity(p_amount numeric) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
SET search_path = pg_catalog, purser, pg_temp
AS $$
BEGIN
  RETURN p_amount IS NOT NULL AND p_amount > 0 AND p_amount < 1e15
    AND (scale(p_amount) = 0 OR p_amount = trunc(p_amount, 6)
         AND length(ltrim(replace(trim_scale(p_amount)::text, '.', ''), '0')) <= 15);
END
$$;
