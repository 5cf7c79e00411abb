"""The warehouse's HTTP without a client library in between."""

import http.client
from dataclasses import dataclass, field

from runtime.local.warehouse import blocks, codecs

LIMIT_BYTES = 1 << 28


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    def unpacked(self) -> bytes:
        return codecs.unpack(self.body, self.headers.get("Content-Encoding", ""), LIMIT_BYTES)


@dataclass(frozen=True)
class Wire:
    host: str
    port: int
    timeout_s: float = field(default=30.0)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answered:
        """Raises ConnectionError where the answer breaks off."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answered(response.status, dict(response.getheaders()), response.read())
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    @staticmethod
    def native(plain: bytes) -> bytes:
        return blocks.pack(plain)

    @staticmethod
    def native_plain(packed: bytes) -> bytes:
        return blocks.unpack(packed, LIMIT_BYTES)
