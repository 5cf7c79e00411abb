-- What became of each trigger that was to be delivered: its last attempt.
CREATE OR REPLACE VIEW deliveries_now AS
SELECT
    lane,
    trigger_id,
    max(attempt) AS attempts,
    argMax(outcome, attempt) AS outcome,
    argMax(status_code, attempt) AS status_code,
    argMax(error, attempt) AS error,
    argMax(d.attempted_at, attempt) AS attempted_at
FROM deliveries AS d
GROUP BY lane, trigger_id;
