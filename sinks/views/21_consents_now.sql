-- What each person has decided last about each purpose, on whichever device.
-- Grain: one row a person and purpose
-- Columns:
-- - lane: run of the stream
-- - person_id: the person now
-- - purpose: analytics, marketing, personalisation, or the shop's own
-- - granted: agreed to; else refused or withdrawn
-- - version: version of the text, as the client said
-- - basis: what it rests on, as the client said
-- - source: where it was decided
-- - decided_at: when it was decided
-- - decisions: how many there were
-- Example: SELECT purpose, countIf(granted) AS agree, count() AS asked FROM consents_now WHERE lane = 'live' GROUP BY purpose
-- Caveats: persons who never decided have no row. Triggers go by this; what is recorded of a device goes by its own decisions.
CREATE OR REPLACE VIEW consents_now AS
SELECT
    lane,
    person_id,
    purpose,
    last.3 AS granted,
    last.4 AS version,
    last.5 AS basis,
    last.6 AS source,
    last.1 AS decided_at,
    decisions
FROM
(
    SELECT
        c.lane AS lane,
        if(i.person_id = '', c.person_id, i.person_id) AS person_id,
        c.purpose AS purpose,
        max((c.occurred_at, NOT c.granted, c.granted, c.version, toString(c.basis), toString(c.source))) AS last,
        uniqExact((c.occurred_at, c.device_id, c.message_id)) AS decisions
    FROM consents AS c
    LEFT JOIN (SELECT lane, id, person_id FROM identities_now) AS i ON i.lane = c.lane AND i.id = c.person_id
    GROUP BY lane, person_id, purpose
)
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
