-- Each person's level of the configured funnel, computed anew from the events: what `funnel_levels_now` must equal.
-- Why the first argument is written as it is: docs/decisions/window-funnel.md.
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
