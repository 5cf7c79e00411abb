"""ClickHouse's error codes as HTTP answers."""

import re

BAD_REQUEST_CODES = frozenset(
    (6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441, 675, 676),
)
NOT_FOUND_CODES = frozenset((46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511))
FORBIDDEN_CODES = frozenset((192, 193, 497, 512, 516))
STATUS_BY_CODE = {
    **dict.fromkeys(BAD_REQUEST_CODES, 400),
    **dict.fromkeys(NOT_FOUND_CODES, 404),
    **dict.fromkeys(FORBIDDEN_CODES, 403),
    **dict.fromkeys((76, 209, 439), 503),
    194: 401,
    159: 408,
    381: 411,
    229: 413,
    779: 415,
    48: 501,
}
_OUR_FILE = re.compile(r"\n?: \(in file/uri [^)]*\)")
_CODE = re.compile(r"Code: (\d+)\. ")
_REPEATED = re.compile(r"\ACode: (\d+)\. DB::Exception: (Code: \1\. DB::Exception: .*\))\. \([A-Z_0-9]+\)\s*\Z", re.DOTALL)


class WarehouseError(Exception):
    """An error to be told to the client as ClickHouse tells it; nothing to retry here, the statement did not run or failed."""

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {message} ({name})")
        self.code = code

    @property
    def status(self) -> int:
        return STATUS_BY_CODE.get(self.code, 500)


class EngineError(WarehouseError):
    """An error chDB raised; it keeps the engine's own text."""

    def __init__(self, raised: str) -> None:
        text = _OUR_FILE.sub("", raised)
        start = text.find("Code: ")
        found = _CODE.match(text, start) if start >= 0 else None
        if found is None:
            super().__init__(1001, "STD_EXCEPTION", text)
            return
        text = text[start:].strip()
        twice = _REPEATED.match(text)
        Exception.__init__(self, twice.group(2) if twice else text)
        self.code = int(found.group(1))
