-- Each person's level of the configured funnel, computed anew from the events: what `funnel_levels_now` must equal.
-- Grain: one row a person who has done at least one step
-- Columns:
-- - lane: run of the stream
-- - funnel: its name, from the setting
-- - person_id: the person now
-- - level: steps done in order within the window
-- Example: SELECT level, count() FROM funnel_from_events WHERE lane = 'live' GROUP BY level ORDER BY level
-- Caveats: why the first argument is written as it is stands in docs/decisions/window-funnel.md.
CREATE OR REPLACE VIEW funnel_from_events AS
SELECT
    lane,
    $funnel_name AS funnel,
    person_id,
    windowFunnel($funnel_window_ms)(toUInt64(toUnixTimestamp64Milli(occurred_at)), $funnel_conditions) AS level
FROM events_resolved
WHERE NOT late AND event IN ($funnel_steps)
GROUP BY lane, person_id
HAVING level > 0;
