import base64

import pytest

from runtime.local.warehouse import access, request
from runtime.local.warehouse.errors import EngineError, WarehouseError
from runtime.settings import Settings


def parsed(
    method: str = "POST", headers: dict[str, str] | None = None, files: dict[str, bytes] | None = None, **values: str
) -> request.Request:
    return request.parse(method, values.items(), headers or {}, b"", files or {})


def test_settings_and_parameters_are_told_apart_from_the_protocol() -> None:
    read = parsed(query="SELECT 1", max_threads="3", param_a="[1]", session_id="s", database="d", default_format="CSV")
    assert read.settings == {"max_threads": "3"}
    assert read.parameters == {"a": "[1]"}
    assert read.session == request.Session("s", 60, False, False)
    assert (read.database, read.default_format) == ("d", "CSV")


def test_headers_win_over_the_url() -> None:
    read = parsed(headers={"X-ClickHouse-Database": "h", "X-ClickHouse-Format": "JSON"}, database="u", default_format="CSV")
    assert (read.database, read.default_format) == ("h", "JSON")


def test_get_and_readonly_read_only() -> None:
    assert [parsed("GET").read_only, parsed("HEAD").read_only, parsed(readonly="1").read_only, parsed().read_only] == [
        True,
        True,
        True,
        False,
    ]


def test_external_tables_take_a_structure_or_types() -> None:
    read = parsed(files={"a": b"1", "b": b"2"}, a_structure="x UInt8", a_format="CSV", b_types="Decimal(18, 4), String")
    assert read.external == (
        request.External("a", "x UInt8", "CSV", b"1"),
        request.External("b", "_1 Decimal(18, 4), _2 String", "TabSeparated", b"2"),
    )
    assert read.settings == {}


@pytest.mark.parametrize(
    ("values", "code"),
    [({"a b": "1"}, 115), ({"session_id": "s", "session_timeout": "4000"}, 374), ({"session_id": "s", "session_timeout": "x"}, 374)],
)
def test_bad_requests_are_refused(values: dict[str, str], code: int) -> None:
    with pytest.raises(WarehouseError) as raised:
        request.parse("POST", values.items(), {}, b"", {})
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("values", "headers", "expected"),
    [
        ({}, {}, ("default", "")),
        ({"user": "u", "password": "p"}, {}, ("u", "p")),
        ({"user": "u"}, {"X-ClickHouse-User": "h", "X-ClickHouse-Key": "k"}, ("h", "k")),
        ({"user": "u"}, {"Authorization": "Basic " + base64.b64encode(b"b:c:d").decode()}, ("b", "c:d")),
    ],
)
def test_credentials(values: dict[str, str], headers: dict[str, str], expected: tuple[str, str]) -> None:
    assert request.credentials(values, headers) == expected


@pytest.mark.parametrize("wrong", [("default", "x"), ("nobody", ""), ("", "")])
def test_an_unknown_user_and_a_wrong_password_are_told_alike(wrong: tuple[str, str]) -> None:
    with pytest.raises(WarehouseError, match="password is incorrect, or there is no user") as raised:
        access.check_user(wrong, access.users_of(Settings()))
    assert (raised.value.code, raised.value.status) == (516, 403)


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Host": "127.0.0.1:1"}, False),
        ({"Host": "localhost:1"}, False),
        ({}, False),
        ({"Host": "rebound.example:1"}, True),
        ({"Host": "127.0.0.1:1", "Origin": "http://shop.example"}, True),
        ({"Host": "127.0.0.1:1", "Origin": "null"}, True),
        ({"Host": "127.0.0.1:1", "Origin": "http://127.0.0.1:1"}, False),
    ],
)
def test_pages_of_others_do_not_reach_the_engine(headers: dict[str, str], refused: bool) -> None:
    try:
        access.check_origin(headers, "127.0.0.1")
    except WarehouseError as error:
        assert (refused, error.code) == (True, 497)
    else:
        assert not refused


@pytest.mark.parametrize(
    ("text", "code", "status"),
    [
        ("Code: 60. DB::Exception: no such table. (UNKNOWN_TABLE)", 60, 404),
        ("Streaming insert finish failed: Code: 27. DB::Exception: x. (CANNOT_PARSE_INPUT_ASSERTION_FAILED)", 27, 400),
        ("Code: 115. DB::Exception: Code: 115. DB::Exception: Unknown setting. (UNKNOWN_SETTING). (UNKNOWN_SETTING)", 115, 404),
        ("something else", 1001, 500),
    ],
)
def test_the_engines_errors_keep_their_code(text: str, code: int, status: int) -> None:
    error = EngineError(text)
    assert (error.code, error.status) == (code, status)
    assert str(error).startswith(f"Code: {code}. DB::Exception: ")
    assert str(error).count("Code: ") == 1
