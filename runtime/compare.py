"""The simulator's ground truth against what ClickHouse holds, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from runtime.figures import Ask

Measures = dict[str, Any]

COLLECTED = """SELECT (SELECT count() FROM events WHERE lane = {lane:String}) AS stored,
    (SELECT countIf(late) FROM events WHERE lane = {lane:String}) AS late,
    (SELECT countIf(code = 'duplicate') FROM rejected WHERE lane = {lane:String}) AS duplicates,
    (SELECT uniqExact(message_id) FROM events WHERE lane = {lane:String}) AS message_ids"""
REJECTED = "SELECT code, count() FROM rejected WHERE lane = {lane:String} AND code != 'duplicate' GROUP BY code ORDER BY code"
PERSONS = """SELECT (SELECT uniqExact(person_id) FROM events_resolved WHERE lane = {lane:String}),
    (SELECT uniqExact(id) FROM identities WHERE lane = {lane:String})"""
LEVELS = "SELECT person_id, level, channel FROM funnel_levels_now WHERE lane = {lane:String}"
DIFFERENCES = "SELECT count() FROM funnel_differences WHERE lane = {lane:String}"
CARTS = """SELECT count(), countIf(abandoned_at IS NOT NULL), countIf(recovered), countIf(status = 'ordered'), countIf(status = 'emptied'),
    countIf(status = 'expired'), countIf(status = 'open') FROM carts_now WHERE lane = {lane:String} AND status != 'merged'"""
CART_NAMES = ("opened", "abandoned", "recovered", "ordered", "emptied", "expired", "open")
ABANDONED_VALUE = """SELECT currency, toDecimalString(sum(abandoned_value), 4) FROM carts_now
    WHERE lane = {lane:String} AND status != 'merged' AND abandoned_at IS NOT NULL GROUP BY currency ORDER BY currency"""
TRIGGERS = "SELECT countIf(status = 'fired') FROM triggers_now WHERE lane = {lane:String}"
CHURN = "SELECT value, count() FROM segments_now WHERE lane = {lane:String} AND segment = 'churn' AND left_at IS NULL GROUP BY value"
ORDERS = """SELECT currency, count(), toDecimalString(sum(value), 4), toDecimalString(sum(refunded) AS back, 4), back != 0 FROM orders_now
    WHERE lane = {lane:String} AND ordered_at IS NOT NULL GROUP BY currency ORDER BY currency"""
SHARES = """SELECT countIf(kind = 'share'), countIf(kind = 'open'), countIf(kind = 'invite_accept') FROM shares_now
    WHERE lane = {lane:String}"""
THROUGH = "orders through shares"
SHARE_ORDERS = "SELECT share_id, count() FROM shares_now WHERE lane = {lane:String} AND kind = 'order' GROUP BY share_id"


@dataclass(frozen=True)
class Line:
    """One measure, on both sides."""

    measure: str
    truth: Any
    clickhouse: Any
    equal: bool


def compare(truth: Mapping[str, Any], ask: Ask, lane: str) -> list[Line]:
    """Every line of the comparison. Blocking."""
    rows = ask(LEVELS, {"lane": lane})
    expected, found = expected_measures(truth), found_measures(ask, lane, rows)
    lines = [line_of(name, expected.get(name, 0), found.get(name, 0)) for name in {**expected, **found}]
    live = {person: level for person, level, _ in rows}
    levels: dict[str, int] = truth["levels"]
    differing = [person for person in live.keys() | levels.keys() if live.get(person) != levels.get(person)]
    through, sure = found[THROUGH], expected[THROUGH] - truth["orders_merged_late"]
    if sure <= through < expected[THROUGH]:  # whose two histories became one too late: docs/contracts.md, section Shares
        lines = [replace(line, equal=line.equal or line.measure == THROUGH) for line in lines]
    return [
        *lines,
        line_of("persons whose level is not the true one", 0, len(differing)),
        line_of("persons whose level is not windowFunnel's", 0, ask(DIFFERENCES, {"lane": lane})[0][0]),
    ]


def line_of(measure: str, truth: Any, clickhouse: Any) -> Line:
    return Line(measure, truth, clickhouse, truth == clickhouse)


def expected_measures(truth: Mapping[str, Any]) -> Measures:
    """The truth by the comparison's names, in its order."""
    carts = truth["carts"]
    return {
        "events sent": truth["sent"],
        "events accepted": truth["accepted"],
        **{f"rejected: {code}": count for code, count in truth["rejected"].items()},
        "duplicates": truth["duplicates"],
        "events stored": truth["stored"],
        "message ids stored": truth["stored"],
        "late events": truth["late"],
        "persons": truth["persons"],
        "merges": truth["merges"],
        **{f"funnel level {level}": count for level, count in truth["persons_by_level"].items()},
        **{
            f"funnel level {level}, {channel or 'no channel'}": count
            for channel, counts in truth["persons_by_channel_and_level"].items()
            for level, count in counts.items()
        },
        **{f"carts {name}": carts[name] for name in CART_NAMES},
        **{f"value left in carts, {currency}": amount for currency, amount in carts["abandoned_value"].items()},
        "triggers": carts["triggers"],
        **{f"churn tier {tier}": count for tier, count in truth["churn"].items()},
        "orders": truth["orders"],
        **{f"revenue, {currency}": amount for currency, amount in truth["revenue"].items()},
        **{f"refunded, {currency}": amount for currency, amount in truth["refunded"].items()},
        "shares": truth["shares"],
        "shares opened": truth["share_opens"],
        "invitations accepted": truth["invites_accepted"],
        THROUGH: sum(truth["orders_by_share"].values()),
    }


def found_measures(ask: Ask, lane: str, levels: list[tuple[Any, ...]]) -> Measures:
    """The same from ClickHouse; `levels` are the rows of LEVELS."""
    of_lane = {"lane": lane}
    stored, late, duplicates, message_ids = ask(COLLECTED, of_lane)[0]
    rejected: dict[str, int] = dict(ask(REJECTED, of_lane))
    persons, merges = ask(PERSONS, of_lane)[0]
    orders = ask(ORDERS, of_lane)
    shares, opened, accepted = ask(SHARES, of_lane)[0]
    orders_by_share: dict[str, int] = dict(ask(SHARE_ORDERS, of_lane))
    return {
        "events sent": stored + duplicates + sum(rejected.values()),
        "events accepted": stored + duplicates,
        **{f"rejected: {code}": count for code, count in rejected.items()},
        "duplicates": duplicates,
        "events stored": stored,
        "message ids stored": message_ids,
        "late events": late,
        "persons": persons,
        "merges": merges,
        **_funnel(levels),
        **{f"carts {name}": count for name, count in zip(CART_NAMES, ask(CARTS, of_lane)[0], strict=True)},
        **{f"value left in carts, {currency}": amount for currency, amount in ask(ABANDONED_VALUE, of_lane)},
        "triggers": ask(TRIGGERS, of_lane)[0][0],
        **{f"churn tier {tier}": count for tier, count in ask(CHURN, of_lane)},
        "orders": sum(count for _, count, *_ in orders),
        **{f"revenue, {currency}": amount for currency, _, amount, *_ in orders},
        **{f"refunded, {currency}": amount for currency, _, _, amount, is_any in orders if is_any},
        "shares": shares,
        "shares opened": opened,
        "invitations accepted": accepted,
        THROUGH: sum(orders_by_share.values()),
    }


def _funnel(levels: list[tuple[Any, ...]]) -> Measures:
    found: Measures = {}
    for _, level, channel in levels:
        for name in (f"funnel level {level}", f"funnel level {level}, {channel or 'no channel'}"):
            found[name] = found.get(name, 0) + 1
    return found


def as_text(lines: list[Line]) -> str:
    """A table for the terminal; a line that differs begins with !!."""
    rows = [("", "measure", "truth", "clickhouse")]
    rows += [("" if line.equal else "!!", line.measure, _spelled(line.truth), _spelled(line.clickhouse)) for line in lines]
    names, left, right = (max(len(row[column]) for row in rows) for column in (1, 2, 3))
    return "\n".join(f"{mark:<2} {row[0]:<{names}}  {row[1]:>{left}}  {row[2]:>{right}}" for mark, *row in rows)


def as_json(lines: list[Line]) -> list[dict[str, Any]]:
    return [asdict(line) for line in lines]


def _spelled(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
