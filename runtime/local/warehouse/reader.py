"""What a user who only reads may ask, beyond what the engine's `readonly = 1` sees to.

chDB has one user, who may do everything: read files of the machine, kill queries. So the statement's own words are looked at, too.
"""

from collections.abc import Collection, Mapping

from runtime.analyst import CHANGEABLE, Limits
from runtime.local.warehouse.errors import WarehouseError
from runtime.local.warehouse.statement import READING, WRITING, Statement, Token, tokens

ASKING = READING - {"CHECK"} | {"USE", "SET"}  # SET is then refused by the engine, with its own words
# Table functions that reach nothing outside the warehouse. Whatever else the engine has is refused, without a list of our own.
HARMLESS = frozenset(
    "sqlstandardvalues format fuzzquery generaterandom generateseries generate_series merge null numbers numbers_mt primes values view"
    " zeros zeros_mt".split()
)
FILE = "file"  # a function, too, which can be named without brackets: arrayMap(file, ...)


def check(statement: Statement, parameters: Mapping[str, str], table_functions: Collection[str]) -> None:
    """Raises 164 for what changes something, 62 for what is no question, 497 for one that reaches out of the warehouse."""
    if statement.verb in WRITING or statement.verb == "CHECK":
        raise WarehouseError(164, "READONLY", "analyst: Cannot execute query in readonly mode.")
    if statement.verb not in ASKING:
        raise WarehouseError(62, "SYNTAX_ERROR", f"Syntax error: {statement.verb} begins no query of an analyst.")
    outside = {name.lower() for name in table_functions} - HARMLESS
    before: str | None = None
    for token in tokens(statement.sql.encode()):
        if token.value == b"(" and before in outside:
            raise _denied(before)
        before = _name(token)
        if before == FILE:
            raise _denied(FILE)
        if before == "identifier" and FILE in parameters.values():
            raise _denied(FILE)


def split(settings: Mapping[str, str], limits: Limits) -> tuple[dict[str, str], dict[str, str]]:
    """The settings to apply before `readonly = 1`, the limits among them, and those that are left to the engine to refuse."""
    given = dict(settings)
    longest = given.pop("max_execution_time", str(limits.max_s))
    try:
        is_within = 0 < float(longest) <= limits.max_s
    except ValueError:
        is_within = True  # no number: the engine says so
    if not is_within:
        text = f"Setting max_execution_time shouldn't be greater than {limits.max_s}."
        raise WarehouseError(452, "SETTING_CONSTRAINT_VIOLATION", text)
    bounds = {"max_execution_time": longest, "max_memory_usage": str(limits.memory_bytes)}
    allowed = {name: value for name, value in given.items() if name in CHANGEABLE}
    return allowed | bounds, {name: value for name, value in given.items() if name not in CHANGEABLE}


def _name(token: Token) -> str | None:
    """What a word or a quoted name stands for, in small letters; a name with escapes, which nobody needs, is refused."""
    if token.kind == "word":
        return token.value.decode("ascii").lower()
    if token.kind != "name":
        return None
    if b"\\" in token.value:
        raise WarehouseError(497, "ACCESS_DENIED", "analyst: Names with escapes are refused.")
    return token.value[1:-1].decode("utf-8", "replace").lower()


def _denied(name: str | None) -> WarehouseError:
    return WarehouseError(497, "ACCESS_DENIED", f"analyst: Not enough privileges. {name} reaches out of the warehouse.")
