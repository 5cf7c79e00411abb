"""What a referrer's host says about where a visit came from. Names are matched with all their subdomains."""

SEARCH = frozenset(
    "bing.com baidu.com sogou.com so.com sm.cn yandex.ru yandex.com duckduckgo.com ecosia.org qwant.com naver.com "
    "daum.net seznam.cz startpage.com ask.com search.yahoo.com search.yahoo.co.jp search.brave.com kagi.com "
    "com.google.android.googlequicksearchbox".split()
)
SOCIAL = frozenset(
    "facebook.com fb.com instagram.com threads.net twitter.com x.com t.co linkedin.com lnkd.in pinterest.com "
    "reddit.com tiktok.com youtube.com youtu.be snapchat.com whatsapp.com wa.me t.me telegram.org telegram.me "
    "discord.com vk.com ok.ru line.me kakao.com tumblr.com quora.com weibo.com weibo.cn mp.weixin.qq.com wx.qq.com "
    "weixin.qq.com servicewechat.com qzone.qq.com douyin.com kuaishou.com xiaohongshu.com zhihu.com douban.com "
    "bilibili.com mastodon.social bsky.app news.ycombinator.com".split()
)
EMAIL = frozenset(
    "mail.google.com com.google.android.gm mail.yahoo.com outlook.live.com outlook.office.com outlook.office365.com "
    "mail.qq.com exmail.qq.com mail.163.com mail.126.com mail.aliyun.com mail.aol.com mail.ru e.mail.ru "
    "mail.proton.me".split()
)
# A shopper who comes back from paying has not come on a new visit.
PAYMENT = frozenset(
    "paypal.com checkout.stripe.com hooks.stripe.com alipay.com pay.weixin.qq.com klarna.com adyen.com "
    "secure.ogone.com pay.google.com checkout.shopify.com 3dsecure.io sofort.com mollie.com".split()
)
# Hosts of a list that was loaded (collector/enrich/referrer_list.py), with the channel of each.
LISTED: dict[str, str] = {}
_SECOND_LEVEL = frozenset("co com org net ac gov edu or ne".split())


def in_list(host: str, names: frozenset[str]) -> bool:
    """Whether the host is one of the names or below one."""
    labels = host.split(".")
    return any(".".join(labels[start:]) in names for start in range(len(labels)))


def listed(host: str) -> str:
    """What the loaded list says of a host or the domain above it; '' if nothing."""
    if not LISTED:
        return ""
    labels = host.split(".")
    return next((LISTED[name] for start in range(len(labels)) if (name := ".".join(labels[start:])) in LISTED), "")


def is_search(host: str) -> bool:
    """A search engine; Google has a domain in every country."""
    return in_list(host, SEARCH) or site_of(host).startswith("google.")


def site_of(host: str) -> str:
    """The registrable domain, near enough: `m.shop.co.uk` and `www.shop.co.uk` are one site."""
    labels = host.split(".")
    if labels[-1].isdecimal() or len(labels) < 3:
        return host
    keep = 3 if labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2 else 2
    return ".".join(labels[-keep:])
