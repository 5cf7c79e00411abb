"""A device and its users: whose its anonymous events are, and what a sign-in or an operator changes in that."""

from collections.abc import Callable

import msgspec

MOST = 32  # sign-ins that are kept of a device: a kiosk has thousands of users


class DeviceState(msgspec.Struct, array_like=True, gc=False):
    """A device's users in the order of event time: (from when in epoch ms, user id). `merged`: the user who took its history over."""

    users: list[tuple[int, str]] = []
    merged: str = ""
    unlinked: dict[str, int] = {}  # users whose sign-ins up to then (event time) do not count


def user_at(state: DeviceState, at_ms: int) -> str:
    """Whose the device was at a time: the last user who had signed in by then, or the first one ever, or nobody."""
    for from_ms, user in reversed(state.users):
        if from_ms <= at_ms:
            return user
    return state.users[0][1] if state.users else ""


def owner_at(state: DeviceState, at_ms: int) -> str:
    """The person of the device's anonymous events: a later user's, or ('') the device's own, which whoever has its history is sent."""
    for from_ms, user in reversed(state.users):
        if from_ms <= at_ms:
            return "" if user == state.merged else user
    return ""


def sign_in(state: DeviceState, user: str, at_ms: int) -> bool:
    """A user named the device; False when that says nothing new."""
    users = state.users
    if users and users[0][0] <= at_ms and user_at(state, at_ms) == user:
        return False
    if state.unlinked.get(user, at_ms - 1) >= at_ms:
        return False
    users.append((at_ms, user))
    users.sort()
    if len(users) > MOST:
        del users[1]  # the first one says whose the history is; late events of the time that is lost become his
    return True


def unlink(state: DeviceState, user: str, at_ms: int) -> list[str]:
    """A user ('' for all) has nothing to do with the device; gives the users meant. A sign-in after `at_ms` counts again."""
    meant = [user] if user else sorted({each for _, each in state.users})
    for each in meant:
        state.unlinked[each] = max(at_ms, state.unlinked.get(each, 0))
    state.users = [(from_ms, each) for from_ms, each in state.users if each not in meant]
    if state.merged in meant:
        state.merged = ""
    while len(state.unlinked) > MOST:
        del state.unlinked[min(state.unlinked, key=lambda each: (state.unlinked[each], each))]
    return meant


def forget(state: DeviceState, is_gone: Callable[[str], bool]) -> bool:
    """Take users who were erased out of a device that others use as well; False if there is none."""
    gone = {user for user in (*(each for _, each in state.users), *state.unlinked) if is_gone(user)}
    if not gone:
        return False
    state.users = [(from_ms, user) for from_ms, user in state.users if user not in gone]
    for user in gone:
        state.unlinked.pop(user, None)
    if state.merged in gone:
        state.merged = ""
    return True
