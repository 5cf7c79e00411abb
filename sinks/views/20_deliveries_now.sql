-- What became of each trigger that was to be delivered: its last attempt.
-- Grain: one row a trigger
-- Columns:
-- - lane: run of the stream
-- - trigger_id: trigger that was delivered
-- - attempts: attempts so far
-- - outcome: of the last attempt: delivered, retry (another follows) or dead
-- - status_code: HTTP status of the last answer; 0 if there was none
-- - error: what went wrong
-- - attempted_at: when the last attempt began
-- Example: SELECT outcome, count() FROM deliveries_now WHERE lane = 'live' GROUP BY outcome
-- Caveats: a trigger that is suppressed has no row.
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
