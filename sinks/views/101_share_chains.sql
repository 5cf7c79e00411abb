-- Chains of shares: from a first share, all that were made by those who came through one of the chain.
-- Grain: one row a chain
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day on which a chain began
-- - to_day Date: last day on which a chain began
-- Columns:
-- - root_share_id: first share
-- - person_id: who began it; empty where that share was never told
-- - began_at: when
-- - shares: shares of the chain
-- - sharers: persons who made them
-- - depth: steps to the furthest share; 0 where nobody shared again
-- - opens: how often they were opened
-- - visitors: persons who came, counted at each share that they came through
-- - accepted: persons who accepted an invitation, counted at each share
-- - orders: orders credited to a share of the chain
-- - revenue: their value by currency
-- Example: SELECT depth, count() AS chains, sum(shares), sum(orders) FROM share_chains(lane = 'live', from_day = '2026-01-01',
--   to_day = '2026-01-31') GROUP BY depth ORDER BY depth
-- Caveats: what came of a chain counts whenever it came. Shares that are each other's parents have no chain.
CREATE OR REPLACE VIEW share_chains AS
SELECT
    assumeNotNull(t.root_share_id) AS root_share_id,
    anyIf(t.person_id, t.share_id = t.root_share_id) AS person_id,
    minIf(t.shared_at, t.share_id = t.root_share_id) AS began_at,
    count() AS shares,
    uniqExactIf(t.person_id, t.person_id != '') AS sharers,
    max(assumeNotNull(t.depth)) AS depth,
    sum(t.opens) AS opens,
    sum(t.visitors) AS visitors,
    sum(t.accepted) AS accepted,
    sum(t.orders) AS orders,
    sumMap(t.revenue) AS revenue
FROM share_tree(lane = {lane:String}) AS t
WHERE t.root_share_id IS NOT NULL
GROUP BY t.root_share_id
HAVING toDate(began_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date};
