"""Third-party cookies as browsers keep them, for a visitor that is not a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import urlsplit

from lms_emulator.core.http.cookie_policies import Policy


def site_of(url: str) -> str:
    """The site of an address in the sense of cookies: roughly, its registrable domain."""
    host = urlsplit(url).hostname or ""
    try:
        return str(ip_address(host))
    except ValueError:
        return ".".join(host.split(".")[-2:])


@dataclass
class CookieJar:
    """The cookies of one browser. Parameters: `policy`, for frames of other sites."""

    policy: Policy
    _kept: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def keep(self, url: str, headers: list[str], top: str) -> None:
        """Take the Set-Cookie headers of an answer. Parameters: `top`, the address of the whole window."""
        foreign = site_of(url) != site_of(top)
        if foreign and self.policy == "block":
            return
        for header in headers:
            try:
                parsed = SimpleCookie(header)
            except CookieError:
                continue
            for name, morsel in parsed.items():
                same_site = morsel["samesite"].lower() or "unsaid"
                if same_site == "none" and not morsel["secure"]:
                    continue
                if foreign and not self._foreign(same_site):
                    continue
                key = urlsplit(url).hostname or "", name
                if morsel["max-age"] == "0" or not morsel.value:
                    self._kept.pop(key, None)
                else:
                    self._kept[key] = morsel.value, same_site

    def header(self, url: str, top: str, *, led_by: str) -> str:
        """The Cookie header of a request. Parameters: `led_by`, the address of the page that leads there."""
        target_site = site_of(url)
        foreign, led_by_foreign = target_site != site_of(top), site_of(led_by) != target_site
        if foreign and self.policy == "block":
            return ""
        host = urlsplit(url).hostname or ""
        return "; ".join(
            f"{name}={value}"
            for (kept_for, name), (value, same_site) in self._kept.items()
            if kept_for == host and (not (foreign or (led_by_foreign and url != top)) or self._foreign(same_site))
        )

    def value(self, url: str, name: str) -> str:
        """The value of a cookie; empty for none."""
        return self._kept.get((urlsplit(url).hostname or "", name), ("", ""))[0]

    def _foreign(self, same_site: str) -> bool:
        return same_site == "none" or (same_site == "unsaid" and self.policy == "allow")
