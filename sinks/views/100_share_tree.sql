-- Every share with its place in its chain, and what came through it. Whoever came through a share and shares again makes the chain longer.
-- Grain: one row a share
-- Parameters:
-- - lane String: run of the stream
-- Columns:
-- - share_id: share
-- - person_id: who shared, now; empty where the share itself was never told
-- - shared_at: when; of a share that was never told, when it was first heard of
-- - method: how it was shared
-- - content_type: product, cart or page
-- - product_id: product that was shared
-- - parent_share_id: share that the sharer came through; empty of the first of a chain
-- - root_share_id: first share of the chain; NULL of shares that are each other's parents
-- - depth: steps from the first share, 0 for itself; NULL of shares that are each other's parents
-- - opens: how often it was opened
-- - visitors: persons who came through it, without the sharer
-- - accepted: persons who accepted the invitation, without the sharer
-- - orders: orders credited to it
-- - revenue: their value by currency
-- Example: SELECT depth, count(), sum(visitors), sum(orders) FROM share_tree(lane = 'live') GROUP BY depth ORDER BY depth
-- Caveats: an order is credited to one share only, see docs/contracts.md; its value is before refunds. All days: a chain may live for long.
CREATE OR REPLACE VIEW share_tree AS
WITH RECURSIVE
    nodes AS
    (
        SELECT
            share_id,
            argMinIf(s.parent_share_id, (s.occurred_at, s.message_id), kind = 'share') AS told,
            if(told = share_id, '', told) AS parent
        FROM shares AS s FINAL
        WHERE lane = {lane:String} AND share_id != ''
        GROUP BY share_id
    ),
    tree AS
    (
        SELECT share_id, share_id AS root, toUInt32(0) AS depth FROM nodes WHERE parent NOT IN (SELECT share_id FROM nodes)
        UNION ALL
        SELECT n.share_id AS share_id, t.root AS root, t.depth + 1 AS depth FROM nodes AS n INNER JOIN tree AS t ON n.parent = t.share_id
    )
SELECT
    n.share_id AS share_id,
    n.sharer AS person_id,
    n.shared_at AS shared_at,
    n.method AS method,
    n.content_type AS content_type,
    n.product_id AS product_id,
    n.parent_share_id AS parent_share_id,
    if(t.share_id = '', NULL, t.root) AS root_share_id,
    if(t.share_id = '', NULL, t.depth) AS depth,
    n.opens AS opens,
    length(arrayFilter(person -> person != n.sharer, n.came)) AS visitors,
    length(arrayFilter(person -> person != n.sharer, n.took)) AS accepted,
    n.orders AS orders,
    n.revenue AS revenue
FROM
(
    SELECT
        share_id,
        argMinIf(r.person_id, (occurred_at, message_id), kind = 'share') AS sharer,
        if(countIf(kind = 'share') > 0, minIf(occurred_at, kind = 'share'), min(occurred_at)) AS shared_at,
        argMinIf(r.method::String, (occurred_at, message_id), kind = 'share') AS method,
        argMinIf(r.content_type::String, (occurred_at, message_id), kind = 'share') AS content_type,
        argMinIf(r.product_id, (occurred_at, message_id), kind = 'share') AS product_id,
        argMinIf(r.parent_share_id, (occurred_at, message_id), kind = 'share') AS parent_share_id,
        countIf(kind = 'open') AS opens,
        groupUniqArrayIf(r.person_id, kind IN ('open', 'invite_accept')) AS came,
        groupUniqArrayIf(r.person_id, kind = 'invite_accept') AS took,
        countIf(kind = 'order') AS orders,
        sumMapIf(map(r.currency::String, ifNull(r.value, 0)), kind = 'order') AS revenue
    FROM
    (
        SELECT s.* EXCEPT (then_id), if(i.person_id = '', s.then_id, i.person_id) AS person_id
        FROM
        (
            SELECT share_id, kind, person_id AS then_id, occurred_at, message_id, method, content_type, product_id, parent_share_id, value, currency
            FROM shares FINAL
            WHERE lane = {lane:String} AND share_id != ''
        ) AS s
        LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = s.then_id
    ) AS r
    GROUP BY share_id
) AS n
LEFT JOIN tree AS t ON t.share_id = n.share_id
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
