-- Persons whose live funnel level is not the one that the events give. Empty when all is well and the lane is drained.
-- Grain: one row a person
-- Columns:
-- - lane: run of the stream
-- - person_id: the person now
-- - live_level: what the stream says
-- - level_from_events: what the events say
-- Example: SELECT count() FROM funnel_differences WHERE lane = 'live'
-- Caveats: while events are under way some persons differ for a second.
CREATE OR REPLACE VIEW funnel_differences AS
SELECT
    if(live.lane = '', past.lane, live.lane) AS lane,
    if(live.person_id = '', past.person_id, live.person_id) AS person_id,
    live.level AS live_level,
    past.level AS level_from_events
FROM (SELECT lane, person_id, level FROM funnel_levels FINAL WHERE funnel = $funnel_name AND level > 0) AS live
FULL JOIN (SELECT lane, person_id, level FROM funnel_from_events) AS past ON past.lane = live.lane AND past.person_id = live.person_id
WHERE live.level != past.level
SETTINGS join_use_nulls = 0;
