"""The visitor's address: found behind proxies, and never kept whole (/24 of IPv4, /48 of IPv6)."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from collector.limits import ADDRESS_MAX_CHARS

_KEPT_BITS = {4: 24, 6: 48}


def client_of(peer: str, headers: Mapping[str, str], proxies: int) -> str:
    """The address that the outermost of one's own `proxies` saw: so many from the right in X-Forwarded-For; without proxies the peer's.

    What stands further left the client may have written itself.
    """
    if not proxies:
        return peer
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
    return hops[-proxies][:ADDRESS_MAX_CHARS] if len(hops) >= proxies else peer


@lru_cache(maxsize=8192)
def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """An address as written, with a port or in brackets too; None if it is none. IPv4 within IPv6 is IPv4."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


@lru_cache(maxsize=8192)
def truncated(text: str) -> str:
    """The network, such as `203.0.113.0/24`; '' of what is no address, or one that is nobody's in the open net."""
    found = address_of(text)
    if found is None or not found.is_global:
        return ""
    return str(ip_network(f"{found}/{_KEPT_BITS[found.version]}", strict=False))
