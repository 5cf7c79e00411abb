"""Shares and group purchases: chains, invitations, growth, groups that come about, and who has earned a reward."""

from __future__ import annotations

import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from simulator.config import SimConfig
from tests.data_files import data_file
from tests.happened import happened
from tests.views_lab import DAY_MS, NOON_MS, Lab, lab, simulated

pytestmark = pytest.mark.timeout(180)
HOUR_MS = 3_600_000
MARCH = "from_day = '2026-03-01', to_day = '2026-03-31'"
WHOLE = "from_day = '2025-12-01', to_day = '2026-12-31'"
GROUPS = "size = 2, window_hours = 24"
NUMBERS = count()


@pytest.fixture(scope="module")
def warehouse_lab(warehouse: tuple[str, int]) -> Iterator[Lab]:
    with lab(*warehouse) as made:
        yield made


def told(lane: str, kind: str, share_id: str, person_id: str, at_ms: int = 0, **more: Any) -> dict[str, Any]:
    """A row of `shares`."""
    row = {"lane": lane, "kind": kind, "share_id": share_id, "person_id": person_id, "occurred_at_ms": NOON_MS + at_ms, "version": 1}
    return {**row, "message_id": f"s{next(NUMBERS)}", **more}


def by(rows: list[dict[str, Any]], key: str, *names: str) -> dict[str, Any]:
    return {row[key]: tuple(row[name] for name in names) for row in rows}


def test_a_chain_grows_by_those_who_came_and_share_again(warehouse_lab: Lab) -> None:
    rows = [
        told("chain", "share", "s1", "u:ana", method="email"),
        told("chain", "open", "s1", "u:ana", 5),  # a look at one's own
        told("chain", "open", "s1", "d:1", 10),
        told("chain", "open", "s1", "u:bob", 20),  # the same person
        told("chain", "invite_accept", "s1", "u:bob", 30),
        told("chain", "share", "s2", "u:bob", 40, parent_share_id="s1"),
        told("chain", "share", "s3", "u:bob", DAY_MS, parent_share_id="s1"),
        told("chain", "open", "s2", "u:eve", 50),
        told("chain", "share", "s4", "u:eve", 60, parent_share_id="s2"),
        told("chain", "order", "s4", "u:fay", 70, order_id="o1", value="10", currency="EUR"),
        told("chain", "order", "s2", "u:eve", 80, order_id="o2", value="5", currency="EUR"),
        told("chain", "order", "s2", "u:gus", 90, order_id="o3", value="4", currency="USD"),
        told("chain", "share", "own", "u:ida", 0, parent_share_id="own"),
        told("chain", "share", "x", "u:ida", 0, parent_share_id="y"),
        told("chain", "share", "y", "u:ida", 0, parent_share_id="x"),
        told("chain", "share", "s5", "u:jo", 0, parent_share_id="lost"),
        told("chain", "open", "never told", "u:jo", 0),
    ]
    warehouse_lab.insert("shares", rows)
    warehouse_lab.insert("identities", [{"lane": "chain", "id": "d:1", "person_id": "u:bob", "version": 1, "merged_at_ms": NOON_MS}])
    tree = warehouse_lab.ask("SELECT * FROM share_tree(lane = 'chain')")
    assert by(tree, "share_id", "root_share_id", "depth", "opens", "visitors", "accepted", "orders") == {
        "s1": ("s1", 0, 3, 1, 1, 0),
        "s2": ("s1", 1, 1, 1, 0, 2),
        "s3": ("s1", 1, 0, 0, 0, 0),
        "s4": ("s1", 2, 0, 0, 0, 1),
        "s5": ("s5", 0, 0, 0, 0, 0),
        "own": ("own", 0, 0, 0, 0, 0),
        "x": (None, None, 0, 0, 0, 0),
        "y": (None, None, 0, 0, 0, 0),
        "never told": ("never told", 0, 1, 1, 0, 0),
    }
    chains = warehouse_lab.ask(f"SELECT * FROM share_chains(lane = 'chain', {MARCH}) WHERE root_share_id = 's1'")
    assert [tuple(row.values())[3:] for row in chains] == [(4, 3, 2, 4, 2, 1, 3, {"EUR": Decimal(15), "USD": Decimal(4)})]
    sent = warehouse_lab.ask(f"SELECT * FROM invitations(lane = 'chain', {MARCH}, period = 'day') ORDER BY period_start, method")
    found = [(str(row["period_start"]), row["method"], *tuple(row.values())[2:9], row["open_rate"]) for row in sent]
    assert found == [
        ("2026-03-01", "", 6, 1, 0, 2, 1, 0, 3, 1 / 6),
        ("2026-03-01", "email", 1, 1, 1, 0, 1, 1, 0, 1),
        ("2026-03-02", "", 1, 0, 0, 0, 0, 0, 0, 0),
    ]


def test_the_k_factor_counts_newcomers(warehouse_lab: Lab) -> None:
    """Three come in the week, two of them by a share; the friend who was here before is no newcomer, nor is one on the second way."""
    lane = "growth"
    at = {"u:ana": 0, "u:old": 10, "u:new": 2 * HOUR_MS, "u:next": 9 * DAY_MS}
    for person, at_ms in at.items():
        warehouse_lab.events(lane, {"event": "page_view", "person_id": person, "at_ms": at_ms})
        session = {"session_id": person, "device_id": person, "ended_at_ms": NOON_MS + at_ms, "version": 1}
        warehouse_lab.insert("sessions", [{"lane": lane, "person_id": person, "started_at_ms": NOON_MS + at_ms, **session}])
    opens = [
        ("u:old", 3 * HOUR_MS, "s1"),
        ("u:new", at["u:new"] + 1000, "s1"),
        ("u:new", 5 * DAY_MS, "s2"),
        ("u:next", at["u:next"] + 9, "s2"),
    ]
    rows = [told(lane, "share", "s1", "u:ana"), told(lane, "share", "s2", "u:ana", 1), told(lane, "open", "s1", "u:ana", 5)]
    warehouse_lab.insert("shares", [*rows, *[told(lane, "open", share, person, at_ms) for person, at_ms, share in opens]])
    found = warehouse_lab.ask(f"SELECT * FROM k_factor(lane = 'growth', {MARCH}, period = 'week') ORDER BY period_start")
    assert [tuple(row.values())[1:] for row in found] == [
        (3, 1, 2, 2, 2 / 3, 1, 2 / 3),  # the week of Sunday, 1 March
        (1, 0, 0, 0, 0, None, 0),  # the friend who came nine days later
    ]


def joined(person_id: str, at_ms: int, group: str, event: str = "group_buy_join", **more: Any) -> dict[str, Any]:
    return {"event": event, "person_id": person_id, "at_ms": at_ms, "group_buy_id": group, **more}


def test_a_group_comes_about_when_enough_came_in_time(warehouse_lab: Lab) -> None:
    opened = [joined("u:ana", 0, f"g{number}", "group_buy_open") for number in (2, 4, 5)]
    opened += [joined("u:ana", 0, f"g{number}", "group_buy_open", group_size=3) for number in (1, 3)]
    joins = [
        *[joined("u:bob", 5000, "g1"), joined("u:bob", 6000, "g1"), joined("d:7", 7000, "g1"), joined("u:ana", 8000, "g1")],
        *[
            joined("u:eve", 9000, "g1"),
            joined("u:bob", DAY_MS, "g2"),
            joined("u:eve", DAY_MS - 1, "g3"),
            joined("u:bob", 9, "g3", late=True),
        ],
        *[joined("u:bob", -3000, "g4"), joined("u:bob", 5, "nobody opened")],
    ]
    bought = {
        "event": "purchase",
        "person_id": "u:bob",
        "at_ms": 9000,
        "order_id": "1",
        "value": "7",
        "currency": "EUR",
        "group_buy_id": "g1",
    }
    warehouse_lab.events("groups", *opened, *joins, bought)
    warehouse_lab.insert("identities", [{"lane": "groups", "id": "d:7", "person_id": "u:bob", "version": 1, "merged_at_ms": NOON_MS}])
    rows = warehouse_lab.ask(f"SELECT * FROM group_buys(lane = 'groups', {MARCH}, {GROUPS})")
    assert by(rows, "group_buy_id", "needed", "joined", "joined_late", "completed", "completed_after_s", "orders", "revenue") == {
        "g1": (3, 2, 0, 1, 9, 1, {"EUR": Decimal(7)}),
        "g2": (2, 0, 1, 0, None, 0, {}),
        "g3": (3, 1, 0, 0, None, 0, {}),
        "g4": (2, 1, 0, 1, 0, 0, {}),
        "g5": (2, 0, 0, 0, None, 0, {}),
    }
    [row] = warehouse_lab.ask(f"SELECT * FROM group_buy_rates(lane = 'groups', {MARCH}, {GROUPS}, period = '')")
    assert tuple(row.values())[1:] == (5, 4, 3, 2, 0.6, 0.4, 9, 1)


def test_groups_count_on_the_day_of_the_business_zone(warehouse: tuple[str, int]) -> None:
    with lab(*warehouse, business_timezone="Asia/Shanghai") as made:  # noon UTC of 1 March is eight in the evening there
        made.events("zone", joined("u:a", 4 * HOUR_MS - 1, "a", "group_buy_open"), joined("u:a", 4 * HOUR_MS, "b", "group_buy_open"))
        made.insert("shares", [told("zone", "share", "a", "u:a", 4 * HOUR_MS - 1), told("zone", "share", "b", "u:a", 4 * HOUR_MS)])
        day = "SELECT toString(period_start) AS day,"
        rates = f"{day} opened FROM group_buy_rates(lane = 'zone', {MARCH}, {GROUPS}, period = 'day') ORDER BY day"
        sent = f"{day} sent FROM invitations(lane = 'zone', {MARCH}, period = 'day') ORDER BY day"
        assert [tuple(row.values()) for row in made.ask(rates)] == [tuple(row.values()) for row in made.ask(sent)]
        assert [tuple(row.values()) for row in made.ask(rates)] == [("2026-03-01", 1), ("2026-03-02", 1)]


def test_a_reward_is_due_once_and_to_nobody_for_themselves(warehouse_lab: Lab) -> None:
    def bought(order_id: str, person_id: str, event: str = "purchase") -> dict[str, Any]:
        return {"event": event, "person_id": person_id, "at_ms": 90, "order_id": order_id, "value": "9", "currency": "EUR"}

    shares = [told("due", "share", "s1", "u:ana"), told("due", "share", "s2", "u:eve"), told("due", "invite_accept", "s1", "u:bob", 10)]
    shares += [told("due", "invite_accept", "s2", "u:bob", 20), told("due", "invite_accept", "s1", "d:bob", 30)]
    shares += [told("due", "invite_accept", "s1", "u:ana", 5), told("due", "invite_accept", "never told", "u:fay", 5)]
    for number, person in enumerate(["u:bob", "u:ana", "u:bob", "u:bob"]):
        shares += [told("due", "order", "s1", person, 90 + again, order_id=f"o{number}", value="9", currency="EUR") for again in (0, 1)]
        warehouse_lab.events("due", bought(f"o{number}", person))
    warehouse_lab.events("due", bought("o2", "u:bob", "order_cancel"), bought("o3", "u:bob", "refund"))
    warehouse_lab.insert("shares", shares)
    warehouse_lab.insert("identities", [{"lane": "due", "id": "d:bob", "person_id": "u:bob", "version": 1, "merged_at_ms": NOON_MS}])
    # Opened on the last day of February, joined on the first of March.
    warehouse_lab.events("due", joined("u:ana", -13 * HOUR_MS, "g", "group_buy_open"), joined("u:bob", 0, "g"))
    rows = warehouse_lab.ask(f"SELECT * FROM rewards_due(lane = 'due', {MARCH}, {GROUPS}) ORDER BY reward_id")
    assert [tuple(row[name] for name in ("reward_id", "person_id", "friend_id", "share_id", "value")) for row in rows] == [
        ("group_buy:g", "u:ana", "", "", None),
        ("invitation:u:bob", "u:ana", "u:bob", "s1", None),
        ("order:o0", "u:ana", "u:bob", "s1", Decimal(9)),
    ]
    before = f"SELECT * FROM rewards_due(lane = 'due', from_day = '2026-02-01', to_day = '2026-02-28', {GROUPS})"
    assert warehouse_lab.ask(before) == []


def test_beibei(warehouse_lab: Lab) -> None:
    """154,184 real groups: an initiator, an item, and who joined; without times, so all happen at once."""
    with gzip.open(data_file("beibei_groupbuy/groups.txt.gz"), "rt", encoding="utf-8") as file:
        groups = [line.split() for line in file]
    rows = []
    for number, (initiator, item, *others) in enumerate(groups):
        rows.append(joined(f"u:{initiator}", 0, str(number), "group_buy_open", items=[{"product_id": item}]))
        rows += [joined(f"u:{one}", 1000, str(number)) for one in others]
    warehouse_lab.events("beibei", *rows)
    columns = "count() AS groups, sum(joined) AS edges, countIf(joined = 1) AS with_one, countIf(completed) AS completed"
    [found] = warehouse_lab.ask(f"SELECT {columns} FROM group_buys(lane = 'beibei', {MARCH}, {GROUPS})")
    with_one = sum(len(group) == 3 for group in groups)
    assert tuple(found.values()) == (154_184, 155_660, with_one, 154_184)
    assert round(with_one / len(groups), 3) == 0.993
    [persons] = warehouse_lab.ask(
        "SELECT uniqExact(person_id) AS persons FROM events_resolved WHERE lane = 'beibei' AND event = 'group_buy_join'"
    )
    assert persons["persons"] == 98_607
    [rates] = warehouse_lab.ask(f"SELECT * FROM group_buy_rates(lane = 'beibei', {MARCH}, size = 3, window_hours = 1, period = '')")
    assert (rates["opened"], rates["completed"]) == (154_184, len(groups) - with_one)


def test_a_simulated_lane(warehouse_lab: Lab) -> None:
    made = simulated(SimConfig(seed=4, shoppers=150, group_opens=0.3))
    made.store(warehouse_lab, "simulated")
    done = [(person, what) for person, what, late in happened(made) if not late]
    shared = {what.share_id: (person, what) for person, what in done if what.event == "share"}
    depth: dict[str, int] = {}
    for share_id, (_, what) in shared.items():  # in order of time: a parent comes first
        depth[share_id] = depth[what.parent_share_id] + 1 if what.parent_share_id in shared else 0
    came: dict[str, set[str]] = defaultdict(set)
    through: dict[str, list[tuple[int, str]]] = defaultdict(list)
    orders: Counter[str] = Counter()
    rewards = set()
    for person, what in done:
        if what.event in ("share_open", "invite_accept"):
            through[person].append((what.at_ms, what.share_id))
            if what.share_id in shared and shared[what.share_id][0] != person:
                came[what.share_id].add(person)
                if what.event == "invite_accept":
                    rewards.add((shared[what.share_id][0], f"invitation:{person}"))
        elif what.event == "purchase":
            before = [share for at, share in through[person] if what.at_ms - 5 * DAY_MS <= at]
            if before:
                orders[before[-1]] += 1
                if before[-1] in shared and shared[before[-1]][0] != person:
                    rewards.add((shared[before[-1]][0], f"order:{what.order_id}"))
    tree = warehouse_lab.ask("SELECT * FROM share_tree(lane = 'simulated') WHERE person_id != ''")
    wanted = {share: (person, depth[share], len(came[share]), orders[share]) for share, (person, _) in shared.items()}
    assert by(tree, "share_id", "person_id", "depth", "visitors", "orders") == wanted
    assert max(depth.values()) > 0 and sum(orders.values()) > 0

    groups: dict[str, tuple[str, int, int]] = {}
    joins: dict[str, dict[str, int]] = defaultdict(dict)
    for person, what in done:
        if what.event == "group_buy_open":
            groups[what.group_buy_id] = (person, what.at_ms, what.group_size or 2)
        elif what.event == "group_buy_join":
            joins[what.group_buy_id].setdefault(person, what.at_ms)
    expected = {}
    for group, (opener, opened_ms, size) in groups.items():
        times = sorted(at for person, at in joins[group].items() if person != opener and at - opened_ms < 72 * HOUR_MS)
        complete = len(times) + 1 >= size
        expected[group] = (opener, size, len(times), complete, (times[size - 2] - opened_ms) // 1000 if complete else None)
        if complete:
            rewards.add((opener, f"group_buy:{group}"))
    rows = warehouse_lab.ask(f"SELECT * FROM group_buys(lane = 'simulated', {WHOLE}, size = 2, window_hours = 72)")
    found = by(rows, "group_buy_id", "person_id", "needed", "joined", "completed", "completed_after_s")
    assert found == expected
    assert len({row[3] for row in expected.values()}) == 2
    due = warehouse_lab.ask(f"SELECT * FROM rewards_due(lane = 'simulated', {WHOLE}, size = 2, window_hours = 72)")
    assert {(row["person_id"], row["reward_id"]) for row in due} == rewards
    assert len(due) == len(rewards) and {row["kind"] for row in due} == {"order", "invitation", "group_buy"}
