-- Visits as they are now: the latest version of each, without those that never were.
-- Grain: one row a visit of one device
-- Columns: as the table `sessions`
-- Example: SELECT toDate(started_at) AS day, count() FROM sessions_now WHERE lane = 'live' GROUP BY day ORDER BY day
-- Caveats: a visit is open until its idle time has passed; two devices of a person have visits of their own.
CREATE OR REPLACE VIEW sessions_now AS SELECT * FROM sessions FINAL;
