-- How far each partition of a lane has come.
CREATE OR REPLACE VIEW clocks_now AS SELECT * FROM clocks FINAL;
