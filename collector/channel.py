"""Which channel brought the visit: from campaign tags, click ids and the referrer, in that order."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from collector.referrers import EMAIL, PAYMENT, SOCIAL, in_list, is_search, listed, site_of

_ADS_CLICK_IDS = frozenset(
    "gclid gbraid wbraid dclid msclkid ttclid twclid li_fat_id yclid bd_vid gdt_vid qz_gdt epik rdt_cid scclid sccid irclickid".split()
)
_SOCIAL_CLICK_IDS = frozenset(["fbclid", "igshid", "igsh"])  # added to every link there, paid or not
_MEDIA: dict[str, frozenset[str]] = {
    "ads": frozenset(
        "cpc ppc cpm cpa cpv cpp cps paid paidsearch paid-search paid_search paidsocial paid-social paid_social "
        "paid-media display banner ad ads retargeting remarketing sem interstitial native programmatic video-ads".split()
    ),
    "email": frozenset("email e-mail e_mail mail newsletter edm sms mms push notification crm".split()),
    "social": frozenset(
        "social social-network social-media social_media social_network socialmedia sm sns wechat weibo influencer kol".split()
    ),
    "search": frozenset("organic search seo organic-search organic_search".split()),
    "offline": frozenset("offline store qr qrcode qr-code qr_code print flyer tv radio outdoor".split()),
    "referral": frozenset("referral affiliate affiliates partner link share".split()),
}
_SOURCES: dict[str, frozenset[str]] = {
    "search": frozenset("google bing baidu yahoo yandex duckduckgo sogou naver 360 so".split()),
    "social": frozenset(
        "facebook fb instagram ig twitter x linkedin pinterest reddit tiktok youtube weibo wechat weixin douyin "
        "xiaohongshu zhihu bilibili kuaishou whatsapp telegram line".split()
    ),
    "email": frozenset("newsletter email mailchimp klaviyo sendgrid mail sms push".split()),
}
_BY_MEDIUM = {medium: channel for channel, media in _MEDIA.items() for medium in media}
_BY_SOURCE = {source: channel for channel, sources in _SOURCES.items() for source in sources}


class Tags(NamedTuple):
    """What a landing page's address says about the campaign."""

    source: str = ""
    medium: str = ""
    name: str = ""
    click: str = ""  # the channel that a click id stands for


NO_TAGS = Tags()


@lru_cache(maxsize=4096)
def tags_of(query: str) -> Tags:
    """The campaign tags of a query string, without its `?`."""
    given = {name.lower(): value.strip() for name, value in parse_qsl(query, max_num_fields=None) if value}
    click = "ads" if _ADS_CLICK_IDS & given.keys() else "social" if _SOCIAL_CLICK_IDS & given.keys() else ""
    return Tags(given.get("utm_source", ""), given.get("utm_medium", ""), given.get("utm_campaign", ""), click)


@lru_cache(maxsize=4096)
def host_of(url: str) -> str:
    """The host in lower case without `www.` and port; '' if there is none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def classify(tags: Tags, referrer: str, page_url: str, opens_page: bool) -> str:
    """search, social, email, ads, referral, offline or direct; '' when the event starts no visit."""
    if tags is NO_TAGS:  # as of nearly all events
        return _by_referrer(referrer, page_url, opens_page)
    medium, source = tags.medium.lower(), tags.source.lower()
    if tagged := _BY_MEDIUM.get(medium):
        return tagged
    if tags.click == "ads":
        return "ads"
    if source or medium or tags.name:
        return _BY_SOURCE.get(source) or _by_host(host_of("//" + source)) or "referral"
    return tags.click or _by_referrer(referrer, page_url, opens_page)


def _by_referrer(referrer: str, page_url: str, opens_page: bool) -> str:
    if not referrer:
        return "direct" if opens_page else ""
    return by_hosts(host_of(referrer), host_of(page_url))


@lru_cache(maxsize=4096)
def by_hosts(host: str, own: str) -> str:
    """What a referrer's host says on a page of one's own host. Forgotten when a list is loaded."""
    if not host or (own and site_of(host) == site_of(own)) or in_list(host, PAYMENT):
        return ""
    return _by_host(host) or "referral"


def _by_host(host: str) -> str:
    if in_list(host, EMAIL):
        return "email"
    if in_list(host, SOCIAL):
        return "social"
    return "search" if host and is_search(host) else listed(host)
