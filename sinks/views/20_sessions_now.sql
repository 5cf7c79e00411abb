-- Sessions as they are now: the latest version of each, without those that never were.
CREATE OR REPLACE VIEW sessions_now AS SELECT * FROM sessions FINAL;
