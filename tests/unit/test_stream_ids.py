"""Ids that a replay finds again."""

from streams.logic.ids import device_person, stable_id, user_person


def test_an_id_is_the_same_for_ever() -> None:
    assert stable_id("episode", "dev", "c", 1_700_000_000_000) == "43f67fcf7afdbf2cb56ab2df10c3db7e"


def test_parts_do_not_run_into_each_other() -> None:
    assert len({stable_id("a", "bc"), stable_id("ab", "c"), stable_id("abc"), stable_id("a", "b", "c")}) == 4


def test_users_and_devices_do_not_meet() -> None:
    assert (user_person("x"), device_person("x")) == ("u:x", "d:x")
