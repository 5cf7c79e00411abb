-- Invitations: how many shares were sent, and what became of them.
-- Grain: one row a period of sending and method
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day of sending
-- - to_day Date: last day of sending
-- - period String: day, week, month, quarter or year
-- Columns:
-- - period_start: first day of the period, also of one that begins before from_day
-- - method: how it was shared
-- - sent: shares made
-- - opened: of these, those through which somebody came
-- - accepted: those with an accepted invitation
-- - ordered: those that brought an order
-- - visitors: persons who came, counted at each share
-- - acceptances: persons who accepted, counted at each share
-- - orders: orders that they brought
-- - open_rate: opened / sent
-- - accept_rate: accepted / sent
-- - order_rate: ordered / sent
-- Example: SELECT * FROM invitations(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31', period = 'week') ORDER BY period_start, method
-- Caveats: one share may have gone to many people: nobody tells how many. What came of a share counts whenever it came; the sharer's own visits do not.
CREATE OR REPLACE VIEW invitations AS
SELECT
    toDate(dateTrunc({period:String}, toDate(shared_at, $timezone))) AS period_start,
    t.method AS method,
    count() AS sent,
    countIf(t.visitors > 0) AS opened,
    countIf(t.accepted > 0) AS accepted,
    countIf(t.orders > 0) AS ordered,
    sum(t.visitors) AS visitors,
    sum(t.accepted) AS acceptances,
    sum(t.orders) AS orders,
    opened / sent AS open_rate,
    accepted / sent AS accept_rate,
    ordered / sent AS order_rate
FROM share_tree(lane = {lane:String}) AS t
WHERE t.person_id != '' AND toDate(shared_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
GROUP BY period_start, method;
