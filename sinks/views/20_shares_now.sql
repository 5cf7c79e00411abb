-- Shares, their openings and the orders they brought, as they are now: the latest version of each, without those that never were.
CREATE OR REPLACE VIEW shares_now AS SELECT * FROM shares FINAL;
