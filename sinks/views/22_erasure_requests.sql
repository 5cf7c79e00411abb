-- Persons who asked to be forgotten (a `consent` event whose `basis` is `erase`) and are still there. Erasing them takes them off.
-- Grain: one row a person
-- Columns:
-- - lane: run of the stream
-- - person_id: the person, or the device, that asked
-- - asked_at: when it asked last
-- Example: SELECT person_id FROM erasure_requests WHERE lane = 'live' AND asked_at < now() - INTERVAL 7 DAY
-- Caveats: nobody's identity was checked: `cartwake erase --requests` tells which may be carried out as they are; the period runs from the first request, not from the last.
CREATE OR REPLACE VIEW erasure_requests AS
SELECT lane, person_id, max(occurred_at) AS asked_at
FROM consents
WHERE basis = 'erase'
GROUP BY lane, person_id;
