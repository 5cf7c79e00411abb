-- How far the shop grows by itself: invitations that a visitor sends, times newcomers that an invitation brings.
-- Grain: one row a period with a visit or a share
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- - period String: day, week, month, quarter or year
-- Columns:
-- - period_start: first day of the period, also of one that begins before from_day
-- - active_persons: persons with a visit in the period
-- - sharers: persons who shared in the period
-- - invitations: shares made in the period
-- - newcomers: persons who came to the shop for the first time, and through one of these shares, whenever that was
-- - invitations_per_person: invitations / active_persons
-- - conversion: newcomers / invitations
-- - k_factor: newcomers / active_persons, the product of the two; above 1 a shop grows by its shares alone
-- Example: SELECT * FROM k_factor(lane = 'live', from_day = '2026-01-01', to_day = '2026-03-31', period = 'month') ORDER BY period_start
-- Caveats: a newcomer is a person whose first event of all came less than 30 minutes before the share was opened. The last periods' newcomers may still come.
CREATE OR REPLACE VIEW k_factor AS
SELECT
    period_start,
    sum(part.active_persons) AS active_persons,
    sum(part.sharers) AS sharers,
    sum(part.invitations) AS invitations,
    sum(part.newcomers) AS newcomers,
    invitations / nullIf(active_persons, 0) AS invitations_per_person,
    newcomers / nullIf(invitations, 0) AS conversion,
    newcomers / nullIf(active_persons, 0) AS k_factor
FROM
(
    SELECT
        toDate(dateTrunc({period:String}, toDate(started_at, $timezone))) AS period_start,
        uniqExact(if(i.person_id = '', s.person_id, i.person_id)) AS active_persons,
        0 AS sharers,
        0 AS invitations,
        0 AS newcomers
    FROM
    (
        SELECT person_id, started_at FROM sessions FINAL
        WHERE lane = {lane:String} AND toDate(started_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    ) AS s
    LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = s.person_id
    GROUP BY period_start
    UNION ALL
    SELECT toDate(dateTrunc({period:String}, toDate(shared_at, $timezone))) AS period_start, 0, uniqExact(person_id), count(), 0
    FROM share_tree(lane = {lane:String})
    WHERE person_id != '' AND toDate(shared_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY period_start
    UNION ALL
    SELECT toDate(dateTrunc({period:String}, toDate(t.shared_at, $timezone))) AS period_start, 0, 0, 0, count()
    FROM
    (
        SELECT
            if(i.person_id = '', s.then_id, i.person_id) AS person_id,
            argMin(s.share_id, (s.occurred_at, s.message_id)) AS share_id,
            min(s.occurred_at) AS came_at
        FROM
        (
            SELECT person_id AS then_id, share_id, occurred_at, message_id
            FROM shares FINAL
            WHERE lane = {lane:String} AND kind IN ('open', 'invite_accept')
        ) AS s
        LEFT JOIN (SELECT id, person_id FROM identities_now WHERE lane = {lane:String}) AS i ON i.id = s.then_id
        GROUP BY person_id
    ) AS c
    INNER JOIN share_tree(lane = {lane:String}) AS t ON t.share_id = c.share_id
    INNER JOIN (SELECT person_id, first_seen_at FROM persons_now WHERE lane = {lane:String}) AS p ON p.person_id = c.person_id
    WHERE t.person_id NOT IN ('', c.person_id) AND p.first_seen_at > c.came_at - toIntervalMinute(30)
        AND toDate(t.shared_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY period_start
) AS part
GROUP BY period_start
SETTINGS join_use_nulls = 0, join_algorithm = 'hash';
