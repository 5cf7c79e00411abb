-- Cart episodes as they are now: the latest version of each, without those that never were.
CREATE OR REPLACE VIEW carts_now AS SELECT * FROM carts FINAL;
