-- Which events lack what they should say: how many of each kind have no user, page, items, price and so on.
-- Grain: one row a day, write key, event and thing that at least one event lacks
-- Parameters:
-- - lane String: run of the stream
-- - from_day Date: first day
-- - to_day Date: last day
-- Columns:
-- - day: day of the shop on which it happened
-- - write_key: key that it was sent with
-- - event: name from the event catalogue
-- - missing: what they lack: device, user, price and so on, see the caveats
-- - events: events of this kind
-- - lacking: how many of them lack it
-- - share: lacking / events, 0 - 1
-- Example: SELECT event, missing, sum(lacking) / sum(events) AS share FROM missing_values(lane = 'live', from_day = '2026-01-01', to_day = '2026-01-31') GROUP BY event, missing ORDER BY share DESC
-- Caveats: asked of every event: device, user, client_time, device_type; of page and screen views: page_url; of events about products: items, price (of any item), positive_price (there, but 0 or less), category, brand; of those with an amount: currency; of purchases: value, order_id. Not every shop has all of them: a share of 1 is a decision, one that jumps is a mistake.
CREATE OR REPLACE VIEW missing_values AS
SELECT
    day,
    write_key,
    event,
    found.1 AS missing,
    events,
    found.2 AS lacking,
    lacking / events AS share
FROM
(
    SELECT
        toDate(occurred_at, $timezone) AS day,
        write_key,
        event,
        count() AS events,
        event IN ('select_item', 'view_item', 'add_to_cart', 'remove_from_cart', 'add_to_wishlist', 'remove_from_wishlist', 'purchase') AS of_items,
        arrayJoin(arrayFilter(lack -> lack.2 > 0,
        [
            ('device', countIf(device_id = '')),
            ('user', countIf(user_id = '')),
            ('client_time', countIf(client_at IS NULL)),
            ('device_type', countIf(device_type = '')),
            ('page_url', countIf(event IN ('page_view', 'screen_view') AND page_url = '')),
            ('items', countIf(of_items AND empty(items))),
            ('price', countIf(of_items AND arrayExists(price -> price IS NULL, items.price))),
            ('positive_price', countIf(arrayExists(price -> price <= 0, items.price))),
            ('category', countIf(of_items AND has(items.category, ''))),
            ('brand', countIf(of_items AND has(items.brand, ''))),
            ('currency', countIf(currency = '' AND (value IS NOT NULL OR arrayExists(price -> price IS NOT NULL, items.price)))),
            ('value', countIf(event = 'purchase' AND value IS NULL)),
            ('order_id', countIf(event IN ('purchase', 'refund', 'order_cancel') AND order_id = ''))
        ])) AS found
    FROM events
    WHERE lane = {lane:String}
        AND toDate(occurred_at) BETWEEN {from_day:Date} - 1 AND {to_day:Date} + 1
        AND toDate(occurred_at, $timezone) BETWEEN {from_day:Date} AND {to_day:Date}
    GROUP BY day, write_key, event
);
