"""Which dialect is spoken at which address. A dialect is known to the collector by its lines here alone."""

from typing import NamedTuple

from collector.dialects import cloudevents, ga4, jitsu, posthog, rudderstack, segment, snowplow
from collector.dialects.dialect import Dialect


class Route(NamedTuple):
    """Where a dialect's requests come in; `kind` is for the dialect."""

    path: str
    method: str
    dialect: Dialect
    kind: str


def _posts(dialect: Dialect, paths: dict[str, str]) -> list[Route]:
    return [Route(path, "POST", dialect, kind) for path, kind in paths.items()]


ROUTES: tuple[Route, ...] = (
    *_posts(segment.SEGMENT, segment.ROUTES),
    *_posts(rudderstack.RUDDERSTACK, rudderstack.ROUTES),
    *_posts(jitsu.JITSU, jitsu.ROUTES),
    *_posts(snowplow.SNOWPLOW, snowplow.ROUTES),
    *(Route(path, "GET", snowplow.SNOWPLOW, kind) for path, kind in snowplow.PIXEL_ROUTES.items()),
    *_posts(posthog.POSTHOG, posthog.ROUTES),
    *_posts(ga4.GA4, ga4.ROUTES),
    *_posts(cloudevents.CLOUDEVENTS, cloudevents.ROUTES),
)
