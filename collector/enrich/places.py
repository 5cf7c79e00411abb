"""Country, region and city of an address, from a MaxMind database (GeoLite2, DB-IP, IP2Location ...) if the setting names one."""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb

from collector.enrich.address import address_of

_MAX_CHARS = 128


class Place(NamedTuple):
    """`country` is ISO 3166 alpha-2; names are English. '' where it is not known."""

    country: str = ""
    region: str = ""
    city: str = ""


NOWHERE = Place()


class Places:
    """Lookups in one file, which is read into memory. Without a file everybody is nowhere."""

    def __init__(self, path: str = "") -> None:
        """Raises OSError or maxminddb.InvalidDatabaseError for a file that cannot be read."""
        self._reader = maxminddb.open_database(Path(path), maxminddb.MODE_MEMORY) if path else None
        self.find = lru_cache(maxsize=8192)(self._find)

    def _find(self, address: str) -> Place:
        found = address_of(address)
        if self._reader is None or found is None:
            return NOWHERE
        row: Any = self._reader.get(found)
        if not isinstance(row, dict):
            return NOWHERE
        regions = row.get("subdivisions")
        region = _name(regions[0]) if isinstance(regions, list) and regions else ""
        country = row.get("country")
        code = country.get("iso_code") if isinstance(country, dict) else ""
        return Place(code if isinstance(code, str) and len(code) == 2 else "", region, _name(row.get("city")))


def _name(part: Any) -> str:
    names = part.get("names") if isinstance(part, dict) else None
    name = names.get("en") if isinstance(names, dict) else None
    return name[:_MAX_CHARS] if isinstance(name, str) else ""
