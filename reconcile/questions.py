"""What the warehouse is asked: rows as they are, and what they are computed from. Each gives (person, time in epoch ms, facts ...).

Parameters: `lane`, one `part` of the persons of `parts`, and the period `from_ms` <= time < `until_ms`. Persons are those of now:
rows older than a merge keep the id that they had.
"""

from __future__ import annotations

NOW = "(SELECT id, person_id FROM identities_now WHERE lane = {lane:String})"
PART = "% {parts:UInt32} = {part:UInt32}"
PERIOD = "BETWEEN {from_ms:Int64} AND {until_ms:Int64} - 1"
CAMPAIGN = "(toString(campaign_source), toString(campaign_medium), toString(campaign_name))"
BOUGHT = "('purchase', 'refund', 'order_cancel')"


def _live(table: str, columns: str, at: str, where: str = "1") -> str:
    """Rows of a table, each with the person of now."""
    return f"""SELECT if(i.person_id = '', t.person_id, i.person_id) AS who, toUnixTimestamp64Milli(t.{at}) AS at_ms, {columns}
        FROM {table} AS t LEFT JOIN {NOW} AS i ON i.id = t.person_id
        WHERE t.lane = {{lane:String}} AND {where} AND cityHash64(who) {PART} AND at_ms {PERIOD} SETTINGS join_use_nulls = 0"""


def _past(view: str, columns: str, at: str) -> str:
    return f"""SELECT person_id, toUnixTimestamp64Milli({at}) AS at_ms, {columns}
        FROM {view}(lane = {{lane:String}}, part = {{part:UInt32}}, parts = {{parts:UInt32}}) WHERE at_ms {PERIOD}"""


def _counted(what: str) -> str:
    """Events of each person and name, by their first time."""
    return f"""SELECT if(i.person_id = '', t.person_id, i.person_id) AS who, toUnixTimestamp64Milli(min(t.occurred_at)), t.event, t.late,
            {what}
        FROM events AS t LEFT JOIN {NOW} AS i ON i.id = t.person_id
        WHERE t.lane = {{lane:String}} AND cityHash64(who) {PART} AND toUnixTimestamp64Milli(t.occurred_at) {PERIOD}
        GROUP BY who, t.event, t.late SETTINGS join_use_nulls = 0"""


EVENTS = _counted("count()")
# A message id is unique for a write key and a device (docs/contracts.md, De-duplication).
EVENTS_ONCE = _counted("uniqExact(t.write_key, t.message_id, if(t.device_id = '', t.user_id, t.device_id))")

PERSONS = f"""SELECT person_id, toUnixTimestamp64Milli(first_seen_at) AS at_ms, toUnixTimestamp64Milli(last_seen_at),
        arrayStringConcat(arraySort(user_ids), ' '), arrayStringConcat(arraySort(device_ids), ' ')
    FROM persons_now WHERE lane = {{lane:String}} AND cityHash64(person_id) {PART} AND at_ms {PERIOD}"""
PERSONS_PAST = f"""SELECT who, toUnixTimestamp64Milli(min(e.occurred_at)) AS at_ms, toUnixTimestamp64Milli(max(e.occurred_at)),
        arrayStringConcat(arraySort(groupUniqArrayIf(e.user_id, e.user_id != '')), ' '),
        arrayStringConcat(arraySort(groupUniqArrayIf(e.device_id, e.device_id != '')), ' ')
    FROM events AS e LEFT JOIN {NOW} AS i ON i.id = e.person_id
    WHERE e.lane = {{lane:String}} AND cityHash64(if(i.person_id = '', e.person_id, i.person_id)) {PART}
    GROUP BY if(i.person_id = '', e.person_id, i.person_id) AS who HAVING at_ms {PERIOD} SETTINGS join_use_nulls = 0"""

SESSION = """device_id, toUnixTimestamp64Milli(ended_at), events, page_views, interactions, bounce, toString(channel), {campaign},
    toString(device_type), entry_url"""
SESSIONS = _live("sessions_now", SESSION.format(campaign=CAMPAIGN), "started_at")
SESSIONS_PAST = _past("sessions_from_events", SESSION.format(campaign="campaign"), "started_at")

LEVEL = "level, toString(channel), toString(device_type), toString(campaign_name)"
LEVELS = _live("funnel_levels_now", LEVEL, "first_seen_at")
LEVELS_PAST = _past("levels_from_events", LEVEL, "first_seen_at")

SEGMENT = "toString(segment), toString(value), ifNull(toUnixTimestamp64Milli(left_at), 0)"
SEGMENTS = _live("segments_now", SEGMENT, "entered_at", "segment = 'churn'")
SEGMENTS_PAST = _past("segments_from_events", SEGMENT, "entered_at")

SHARE = "toString(kind), message_id, share_id, parent_share_id, order_id, value, toString(currency)"
SHARES = _live("shares_now", SHARE, "occurred_at")
SHARES_PAST = _past("shares_from_events", SHARE, "occurred_at")

ORDER = "message_id, {order_id}, toString({kind}), value, toString(currency), late, cityHash64(toString(items))"
ORDERS = _live("(SELECT * FROM orders FINAL)", ORDER.format(order_id="order_id", kind="kind"), "occurred_at")
ORDERS_PAST = _live(
    "events", ORDER.format(order_id="if(order_id = '', message_id, order_id)", kind="event"), "occurred_at", f"event IN {BOUGHT}"
)

CART = """cart_id, toString(status), toUnixTimestamp64Milli(changed_at), ifNull(toUnixTimestamp64Milli(closed_at), 0), toString(step),
    value, toString(currency), abandonments, ifNull(toUnixTimestamp64Milli(abandoned_at), 0), toString(abandoned_step), abandoned_value,
    order_id, revenue, recovered"""
CARTS = _live("carts_now", CART, "opened_at", "status != 'merged'")
TRIGGERS = _live(
    "triggers_now",
    "cart_id, toString(cart_step), value, toString(currency)",
    "fired_at",
    "rule = 'cart_abandoned' AND step = 1 AND status = 'fired'",
)
LINES = "arrayMap(item -> (item.product_id, item.variant, item.price, item.quantity), {})"
# No period: an episode is known only from its person's first event on. What is outside goes once they are made.
CART_EVENTS = f"""SELECT person_id, at_ms, event, cart_id, {LINES.format("items")}, {LINES.format("cart_items")},
        notEmpty(cart_items) OR cart_emptied, currency, order_id, value
    FROM moving_events(lane = {{lane:String}}, part = {{part:UInt32}}, parts = {{parts:UInt32}})
    WHERE event IN ('add_to_cart', 'remove_from_cart', 'cart_update', 'begin_checkout', 'checkout_step', 'add_payment_info',
        'payment_failed', 'purchase')
    ORDER BY person_id, at_ms, message_id, device_id"""

IDENTITIES = f"""SELECT id, 0, person_id FROM identities_now
    WHERE lane = {{lane:String}} AND id != person_id AND cityHash64(substring(id, 3)) {PART}"""
# Who signed in on a device first, in the order of reception; and users that an alias says are one.
SIGN_INS = f"""SELECT device_id, argMin(user_id, (received_at, occurred_at, message_id))
    FROM events WHERE lane = {{lane:String}} AND device_id != '' AND user_id != '' AND cityHash64(device_id) {PART} GROUP BY device_id"""
ALIASES = f"""SELECT DISTINCT user_id, cityHash64(user_id) {PART}, previous_id, cityHash64(previous_id) {PART}
    FROM events WHERE lane = {{lane:String}} AND event = 'alias' AND user_id != '' AND previous_id NOT IN ('', user_id, device_id)"""

CLOCK = "SELECT toUnixTimestamp64Milli(min(now_at)), count() FROM clocks_now WHERE lane = {lane:String}"
SIZE = "SELECT count() FROM events WHERE lane = {lane:String}"
