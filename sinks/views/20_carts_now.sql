-- Cart episodes as they are now: the latest version of each, without those that never were.
-- Grain: one row an episode, from the first item to the order or the end
-- Columns: as the table `carts`
-- Example: SELECT status, count(), sum(value) FROM carts_now WHERE lane = 'live' GROUP BY status
-- Caveats: `abandoned_at` keeps the first time that the cart fell idle, also of a cart that was ordered later; episodes with status `merged` went on in another one: leave them out of counts.
CREATE OR REPLACE VIEW carts_now AS SELECT * FROM carts FINAL;
