-- Events with the person that they belong to now: what a device did before it was known is the user's history.
-- Grain: one row an event
-- Columns: as the table `events`, and
-- - person_id: the person now
-- - person_id_then: the person that the event came with
-- - product_id: product of the first item
-- - category: category of the first item
-- - brand: brand of the first item
-- Example: SELECT event, uniqExact(person_id) AS persons FROM events_resolved WHERE lane = 'live' GROUP BY event
-- Caveats: late events are there, with `late`; live carts, funnels and segments leave them out.
CREATE OR REPLACE VIEW events_resolved AS
SELECT
    e.* REPLACE (if(i.person_id = '', e.person_id, i.person_id) AS person_id),
    e.person_id AS person_id_then,
    e.product_id AS product_id,
    e.category AS category,
    e.brand AS brand
FROM events AS e
LEFT JOIN (SELECT lane, id, person_id FROM identities_now) AS i ON i.lane = e.lane AND i.id = e.person_id
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
