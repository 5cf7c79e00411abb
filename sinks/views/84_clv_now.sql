-- Customer lifetime value by the latest fit (`cartwake clv fit`), with the chance that the customer is still one.
-- Grain: one row a person and currency
-- Columns: as the table `clv`
-- Example: SELECT person_id, p_alive, clv FROM clv_now WHERE lane = 'live' AND currency = 'EUR' ORDER BY clv DESC LIMIT 100
-- Caveats: the persons are those of the fit: who was merged since stands there under the former ids; the fit's parameters and how well it fits are in `clv_models`.
CREATE OR REPLACE VIEW clv_now AS
SELECT c.*
FROM clv AS c
INNER JOIN (SELECT lane, currency, max(fitted_at) AS fitted_at FROM clv_models GROUP BY lane, currency) AS m
    ON m.lane = c.lane AND m.currency = c.currency AND m.fitted_at = c.fitted_at;
