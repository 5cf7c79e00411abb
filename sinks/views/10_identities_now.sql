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
    -- Persons who were merged on, and into whom. As a constant it is asked for once in a query, however often the view is used there, and needs no join.
    (
        SELECT (groupArray(cityHash64(lane, id)), groupArray(person_id))
        FROM identities FINAL
        WHERE id != person_id AND cityHash64(lane, id) IN (SELECT cityHash64(lane, person_id) FROM identities)
    ) AS further
SELECT
    lane,
    id,
    if(empty(further.1), i.person_id,
        transform(
            cityHash64(lane, transform(cityHash64(lane, transform(cityHash64(lane, i.person_id), further.1, further.2, i.person_id) AS second), further.1, further.2, second) AS third),
            further.1, further.2, third)) AS person_id,
    merged_at,
    reason
FROM identities AS i FINAL
-- For the planner, which cannot tell the size of what was joined: guesses of sizes made it build tables of the events (docs/decisions/warehouse-views-speed.md).
ARRAY JOIN [1] AS one;
