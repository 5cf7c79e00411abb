-- The person that each merged id belongs to now. A merge of a merge is followed, three steps deep.
-- Grain: one row an id that was merged into another person, or was refused or parted
-- Columns:
-- - lane: run of the stream
-- - id: the id that was given up: d:<device> or u:<user>
-- - person_id: the person it belongs to now
-- - merged_at: when the two became one, or were parted
-- - reason: of an id that is its own person: refused by <person>, full or unlinked by <operator>
-- Example: SELECT person_id, groupArray(id) FROM identities_now WHERE lane = 'live' GROUP BY person_id
-- Caveats: an id that was never merged has no row.
CREATE OR REPLACE VIEW identities_now AS
WITH
    links AS (SELECT lane, id, person_id, merged_at, reason FROM identities FINAL),
    -- Few: persons who were merged on. So the joins below are of small tables.
    further AS (SELECT lane, id, person_id FROM links WHERE (lane, id) IN (SELECT lane, person_id FROM links) AND id != person_id)
SELECT
    a.lane AS lane,
    a.id AS id,
    multiIf(d.person_id != '', d.person_id, c.person_id != '', c.person_id, b.person_id != '', b.person_id, a.person_id) AS person_id,
    a.merged_at AS merged_at,
    a.reason AS reason
FROM links AS a
LEFT JOIN further AS b ON b.lane = a.lane AND b.id = a.person_id
LEFT JOIN further AS c ON c.lane = a.lane AND c.id = b.person_id
LEFT JOIN further AS d ON d.lane = a.lane AND d.id = c.person_id
SETTINGS join_use_nulls = 0;
