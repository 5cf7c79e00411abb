-- Every visit that led up to an order, with its share of the credit under six models. The basis of all other views of attribution.
-- Grain: one row an order and visit before it; an order without any such visit has one row, of channel `unknown`
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of orders
-- - to_day Date: last day of orders
-- - window_days UInt16: how long before the order a visit may have begun
-- - half_life_days Float64: time decay: a visit this much older has half the weight
-- Columns:
-- - order_id: order of the shop
-- - person_id: the person now
-- - ordered_at: first purchase
-- - is_new: the person's first order of all
-- - value: revenue before refunds, in currency
-- - net_value: value less refunds
-- - currency: ISO 4217 code
-- - position: number of the visit among those of the order, from 1
-- - touches: how many they are
-- - touched_at: when the visit began; NULL of an unknown one
-- - channel: channel that brought the visit
-- - campaign_source: utm_source
-- - campaign_medium: utm_medium
-- - campaign_name: utm_campaign
-- - credit_first: 1 for the first visit
-- - credit_last: 1 for the last visit
-- - credit_last_non_direct: 1 for the last visit that was not direct; where all were, for the last
-- - credit_linear: equal parts
-- - credit_time_decay: parts that halve with every half-life before the order
-- - credit_position: 0.4 for the first and the last, 0.2 shared by those between; halves where there are two
-- Example: SELECT * FROM attribution_touches(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', window_days = 30,
--   half_life_days = 7) ORDER BY order_id, position
-- Caveats: a visit that began amid the shop (a tab left open) has no channel and is no touch; the visit of the order itself counts. Visits before an earlier order of the person count again while they are in the window. A cancelled order stays, with its net_value of 0.
CREATE OR REPLACE VIEW attribution_touches AS
SELECT
    order_id,
    person_id,
    ordered_at,
    is_new,
    value,
    net_value,
    currency,
    position,
    touches,
    if(touch.3 = 'unknown', NULL, touch.1) AS touched_at,
    touch.3 AS channel,
    touch.4 AS campaign_source,
    touch.5 AS campaign_medium,
    touch.6 AS campaign_name,
    toFloat64(position = 1) AS credit_first,
    toFloat64(position = touches) AS credit_last,
    toFloat64(position = not_direct) AS credit_last_non_direct,
    1 / touches AS credit_linear,
    weight / weights AS credit_time_decay,
    multiIf(touches = 1, 1., touches = 2, 0.5, position IN (1, touches), 0.4, 0.2 / (touches - 2)) AS credit_position
FROM
(
    SELECT
        o.order_id AS order_id,
        any(o.person_id) AS person_id,
        any(o.ordered_at) AS ordered_at,
        any(o.is_new) AS is_new,
        any(o.value) AS value,
        any(o.net_value) AS net_value,
        any(o.currency) AS currency,
        groupArrayIf(
            (v.started_at, v.session_id, v.channel::String, v.campaign_source::String, v.campaign_medium::String, v.campaign_name::String),
            v.session_id != '' AND v.started_at <= o.ordered_at AND v.started_at > o.ordered_at - toIntervalDay({window_days:UInt16})
        ) AS found,
        if(empty(found), [(any(o.ordered_at), '', 'unknown', '', '', '')], arraySort(found)) AS path,
        length(path) AS touches,
        if(arrayLastIndex(t -> t.3 != 'direct', path) = 0, touches, arrayLastIndex(t -> t.3 != 'direct', path)) AS not_direct,
        arrayMap(t -> exp2((toUnixTimestamp64Milli(t.1) - toUnixTimestamp64Milli(path[-1].1)) / 86400000 / {half_life_days:Float64}), path) AS decay,
        arraySum(decay) AS weights
    FROM
    (
        SELECT
            if(i.person = 0, s.person, i.person) AS person,
            s.session_id AS session_id,
            s.started_at AS started_at,
            s.channel AS channel,
            s.campaign_source AS campaign_source,
            s.campaign_medium AS campaign_medium,
            s.campaign_name AS campaign_name
        FROM
        (
            SELECT cityHash64(person_id) AS person, session_id, started_at, channel, campaign_source, campaign_medium, campaign_name
            FROM sessions FINAL
            WHERE lane = {lane:String} AND channel != '' AND toDate(started_at) BETWEEN {from_day:Date} - 1 - {window_days:UInt16} AND {to_day:Date} + 1
        ) AS s
        LEFT JOIN (SELECT cityHash64(id) AS id, cityHash64(person_id) AS person FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = s.person
    ) AS v
    -- The orders stand on the right, of which the join makes a table: they are far fewer than the visits. Hashes as in events_by_day.
    RIGHT JOIN
    (
        SELECT order_id, person_id, cityHash64(person_id) AS person, assumeNotNull(ordered_at) AS ordered_at, value, net_value, currency, nth = 1 AS is_new
        FROM
        (
            SELECT
                order_id, person_id, ordered_at, value, net_value, currency,
                row_number() OVER (PARTITION BY person_id ORDER BY ordered_at, order_id) AS nth
            FROM orders_now
            WHERE lane = {lane:String} AND ordered_at IS NOT NULL
        )
        WHERE toDate(assumeNotNull(ordered_at), $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    ) AS o ON o.person = v.person
    GROUP BY o.order_id
)
ARRAY JOIN path AS touch, decay AS weight, arrayEnumerate(path) AS position
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
