"""CRN120."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

_LEGACY = lazy(
    r"(?:CET|EET|EST|HST|MET|MST|WET|EST5EDT|CST6CDT|MST7MDT|PST8PDT|GB|GB-Eire|PRC|ROC|ROK|NZ|NZ-CHAT|W-SU|Cuba|Egypt|Eire|Hongkong|Iceland"
    r"|Iran|Israel|Jamaica|Japan|Kwajalein|Libya|Navajo|Poland|Portugal|Singapore|Turkey|(?:US|Canada|Brazil|Chile|Mexico)/[\w/-]+)\Z"
)
_TODAY = {
    "CET": "Europe/Paris", "EET": "Europe/Athens", "EST": "America/Panama", "MET": "Europe/Brussels", "WET": "Europe/Lisbon",
    "EST5EDT": "America/New_York", "CST6CDT": "America/Chicago", "MST7MDT": "America/Denver", "PST8PDT": "America/Los_Angeles",
    "GB": "Europe/London", "PRC": "Asia/Shanghai", "ROK": "Asia/Seoul", "NZ": "Pacific/Auckland", "Japan": "Asia/Tokyo",
    "Singapore": "Asia/Singapore", "Hongkong": "Asia/Hong_Kong", "US/Eastern": "America/New_York", "US/Central": "America/Chicago",
    "US/Mountain": "America/Denver", "US/Pacific": "America/Los_Angeles",
}  # fmt: skip


@rule("CRN120", "legacy-timezone", on="object", severity="info", fix="safe", kinds=("CronWorkflow",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A time zone under a name that some controllers do not know any more."""
    zone = obj.spec.text("timezone")
    if not zone or ctx.argo_version >= (4, 1) or not _LEGACY.match(zone):
        return
    today = _TODAY.get(zone)
    yield Finding(
        obj.spec.value_span("timezone"),
        f"`{zone}` is an old name, which the controllers of Argo 3.7.10 and 4.0.1 do not know",
        help=f"write `{today}`" if today else "write the name of a city: `America/Toronto`",
        fix=replace(obj.spec.value_span("timezone"), today)
        if today and not obj.spec.is_alias("timezone")
        else None,
    )
