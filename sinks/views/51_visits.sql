-- Visits by day, channel, kind of device or campaign, in any combination, or in total: how many, whose, how long, and how many bounced.
-- Grain: one row a combination of what is named in `by`; one row in all for an empty `by`
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - by Array(String): any of day, channel, device_type, campaign_source, campaign_medium, campaign_name
-- Columns:
-- - day: day of the shop on which the visit began; NULL if `by` lacks it, and so are the other five
-- - channel: channel that the visit came through
-- - device_type: mobile, desktop, tablet, store or bot
-- - campaign_source: utm_source
-- - campaign_medium: utm_medium
-- - campaign_name: utm_campaign
-- - sessions: visits
-- - visitors: persons who came (UV), as they are now
-- - page_views: pages and screens seen (PV)
-- - events: events of the visits
-- - bounces: visits of one page view and no interaction
-- - bounce_rate: bounces / sessions, 0 - 1
-- - mean_visit_s: mean time from a visit's first event to its last, seconds
-- - median_visit_s: its median, seconds
-- Example: SELECT * FROM visits(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', by = ['day', 'channel']) ORDER BY day, channel
-- Caveats: bots are left out; only devices have visits, events of a server or a till have none; a visit counts wholly for the day on which it began; a bounce lasts 0 s and counts in the mean; visitors of several rows cannot be added up.
CREATE OR REPLACE VIEW visits AS
SELECT
    if(has({by:Array(String)}, 'day'), toNullable(toDate(s.started_at, $timezone)), NULL) AS day,
    if(has({by:Array(String)}, 'channel'), toNullable(toString(s.channel)), NULL) AS channel,
    if(has({by:Array(String)}, 'device_type'), toNullable(toString(s.device_type)), NULL) AS device_type,
    if(has({by:Array(String)}, 'campaign_source'), toNullable(toString(s.campaign_source)), NULL) AS campaign_source,
    if(has({by:Array(String)}, 'campaign_medium'), toNullable(toString(s.campaign_medium)), NULL) AS campaign_medium,
    if(has({by:Array(String)}, 'campaign_name'), toNullable(toString(s.campaign_name)), NULL) AS campaign_name,
    count() AS sessions,
    uniqExact(if(i.person_id = '', s.person_id, i.person_id)) AS visitors,
    sum(s.page_views) AS page_views,
    sum(s.events) AS events,
    countIf(s.bounce) AS bounces,
    bounces / sessions AS bounce_rate,
    avg(dateDiff('millisecond', s.started_at, s.ended_at)) / 1000 AS mean_visit_s,
    quantileExactInclusive(0.5)(dateDiff('millisecond', s.started_at, s.ended_at)) / 1000 AS median_visit_s
FROM
(
    SELECT person_id, started_at, ended_at, channel, device_type, campaign_source, campaign_medium, campaign_name, page_views, events, bounce
    FROM sessions FINAL
    WHERE lane = {lane:String} AND toDate(started_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
        AND device_type != 'bot'
) AS s
LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = s.person_id
GROUP BY ALL
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
