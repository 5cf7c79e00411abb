-- How far each partition of a lane has come.
-- Grain: one row a partition
-- Columns: as the table `clocks`
-- Example: SELECT min(now_at) FROM clocks_now WHERE lane = 'live'
-- Caveats: what was received after `now_at` may be missing from every other table.
CREATE OR REPLACE VIEW clocks_now AS SELECT * FROM clocks FINAL;
