-- Shares, their openings and the orders they brought, as they are now.
-- Grain: one row an event: a share, its opening, an accepted invitation, an order that came through it
-- Columns: as the table `shares`
-- Example: SELECT kind, count() FROM shares_now WHERE lane = 'live' GROUP BY kind
-- Caveats: an order is credited to the last share that its person came through.
CREATE OR REPLACE VIEW shares_now AS SELECT * FROM shares FINAL;
