-- Who has earned a reward: for an order that came through a share, for a friend who accepted an invitation, for a group purchase that came about. Each is there once.
-- Grain: one row a reward
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day on which it was earned
-- - to_day Date: last day on which it was earned
-- - size UInt16: persons that complete a group purchase whose opening names no group_size, as in group_buys
-- - window_hours UInt32: time from its opening within which they must come
-- Columns:
-- - reward_id: kind, and the order, the friend or the group purchase; the same in every answer
-- - kind: order, invitation or group_buy
-- - person_id: who is to be rewarded, now
-- - friend_id: who ordered or accepted, now; empty of a group purchase
-- - share_id: share that brought it
-- - group_buy_id: group purchase
-- - order_id: order
-- - earned_at: when
-- - value: value of the order less refunds, in currency; NULL of the others
-- - currency: ISO 4217 code of value
-- Example: SELECT person_id, kind, count() FROM rewards_due(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', size = 2,
--   window_hours = 24) GROUP BY person_id, kind
-- Caveats: nobody is rewarded for themselves, for an order that was cancelled or paid back, or for a share that was never told. A friend counts for the first invitation accepted only. Keep the reward_id of what was paid: this view does not know.
CREATE OR REPLACE VIEW rewards_due AS
SELECT reward_id, kind, person_id, friend_id, share_id, group_buy_id, order_id, earned_at, value, currency
FROM
(
    SELECT
        'order:' || o.order_id AS reward_id,
        'order' AS kind,
        t.sharer AS person_id,
        o.person_id AS friend_id,
        s.share_id AS share_id,
        '' AS group_buy_id,
        o.order_id AS order_id,
        assumeNotNull(o.ordered_at) AS earned_at,
        o.net_value::Nullable(Decimal(38, 4)) AS value,
        o.currency::String AS currency
    FROM
    (
        SELECT if(order_id = '', message_id, order_id) AS order_id, argMin(s.share_id, (s.occurred_at, s.message_id)) AS share_id
        FROM shares AS s FINAL
        WHERE lane = {lane:String} AND kind = 'order'
        GROUP BY order_id
    ) AS s
    INNER JOIN
    (
        SELECT order_id, person_id, ordered_at, net_value, currency
        FROM orders_now
        WHERE lane = {lane:String} AND ordered_at IS NOT NULL AND NOT cancelled AND net_value > 0
            AND order_id IN (SELECT if(order_id = '', message_id, order_id) FROM shares WHERE lane = {lane:String} AND kind = 'order')
    ) AS o ON o.order_id = s.order_id
    INNER JOIN (SELECT share_id, person_id AS sharer FROM share_tree(lane = {lane:String})) AS t ON t.share_id = s.share_id
    UNION ALL
    SELECT 'invitation:' || c.friend, 'invitation', t.sharer, c.friend, c.share_id, '', '', c.accepted_at, NULL, ''
    FROM
    (
        SELECT
            if(i.person_id = '', s.then_id, i.person_id) AS friend,
            argMin(s.share_id, (s.occurred_at, s.message_id)) AS share_id,
            min(s.occurred_at) AS accepted_at
        FROM
        (
            SELECT person_id AS then_id, share_id, occurred_at, message_id FROM shares FINAL WHERE lane = {lane:String} AND kind = 'invite_accept'
        ) AS s
        LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = s.then_id
        GROUP BY friend
    ) AS c
    INNER JOIN (SELECT share_id, person_id AS sharer FROM share_tree(lane = {lane:String})) AS t ON t.share_id = c.share_id
    UNION ALL
    SELECT 'group_buy:' || g.group_buy_id, 'group_buy', g.person_id, '', '', g.group_buy_id, '', assumeNotNull(g.completed_at), NULL, ''
    FROM group_buys(
        lane = {lane:String}, from_day = {from_day:Date} - 1 - intDiv({window_hours:UInt32}, 24), to_day = {to_day:Date}, size = {size:UInt16},
        window_hours = {window_hours:UInt32}) AS g
    WHERE g.completed
)
WHERE person_id NOT IN ('', friend_id) AND toDate(earned_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
