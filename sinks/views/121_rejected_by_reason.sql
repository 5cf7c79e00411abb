-- What was refused, by reason, with one of the messages.
-- Grain: one row a day of arrival, write key, stage, reason and field
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - day: day of the shop on which it came in
-- - write_key: key that it was sent with; empty where that could not be read
-- - stage: who refused it: collector, replay, identify, journey or sink
-- - code: reason, one of the closed list
-- - field: field that is wrong or missing
-- - rejected: how many
-- - message: the first of their messages, in the order of the alphabet
-- Example: SELECT * FROM rejected_by_reason(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') ORDER BY rejected DESC
-- Caveats: duplicates are there with the code `duplicate`; the bytes that were refused are in the table `rejected`.
CREATE OR REPLACE VIEW rejected_by_reason AS
SELECT
    toDate(received_at, $timezone) AS day,
    write_key,
    stage,
    code,
    field,
    count() AS rejected,
    min(r.message) AS message
FROM rejected AS r
WHERE lane = {lane:String} AND toDate(received_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
GROUP BY day, write_key, stage, code, field;
