-- Who takes part in which experiment: the variant that a person saw first, by whichever of its ids.
-- Grain: one row a person and experiment
-- Columns:
-- - lane: run of the stream
-- - experiment_id: experiment (A/B test)
-- - person_id: the person now
-- - variant: the variant that the person saw first
-- - exposed_at: when that was
-- - crossed: saw another variant as well, on another device for instance
-- Example: SELECT variant, count(), countIf(crossed) FROM experiments_now WHERE lane = 'live' AND experiment_id = 'checkout' GROUP BY variant
-- Caveats: a person who crossed stays with the first variant (intention to treat); many of them pull all effects towards 0. Late events are left out.
CREATE OR REPLACE VIEW experiments_now AS
SELECT
    lane,
    experiment_id,
    person_id,
    argMin(x.variant, (x.first_at, x.variant)) AS variant,
    min(x.first_at) AS exposed_at,
    uniqExact(x.variant) > 1 AS crossed
FROM
(
    SELECT e.lane AS lane, e.experiment_id AS experiment_id, if(i.person_id = '', e.person_id, i.person_id) AS person_id, e.variant, e.first_at
    FROM experiments AS e
    LEFT JOIN (SELECT lane, id, person_id FROM identities_now) AS i ON i.lane = e.lane AND i.id = e.person_id
) AS x
GROUP BY lane, experiment_id, person_id
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
