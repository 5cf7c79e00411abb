-- Bots by day: who came, and how much of what is stored they made.
-- Grain: one row a day and bot
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - day: day of the events
-- - bot: what it was known by: a pattern of crawler-user-agents, or webdriver
-- - events: its events
-- - devices: devices that it came with
-- - share_of_day: its events / all events of the day, 0 - 1
-- Example: SELECT bot, sum(events) AS events FROM bots(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') GROUP BY bot ORDER BY events DESC
-- Caveats: bots are stored and marked, not dropped: `device_type` is bot, views of visitors and visits leave them out, events and live funnels count them; a bot that says it is a browser is not known.
CREATE OR REPLACE VIEW bots AS
SELECT
    day,
    name AS bot,
    sum(each) AS events,
    uniqExactMerge(seen) AS devices,
    events / any(of_day) AS share_of_day
FROM
(
    SELECT
        toDate(occurred_at, $timezone) AS day,
        toString(e.bot) AS name,
        count() AS each,
        uniqExactState(device_id) AS seen,
        sum(each) OVER (PARTITION BY day) AS of_day
    FROM events AS e
    WHERE lane = {lane:String}
        AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
        AND toDate(occurred_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY day, name
)
WHERE name != ''
GROUP BY day, name;
