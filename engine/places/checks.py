"""What can be a network's, station's or charge point's: ids, tags, countries, time zones, coordinates, addresses."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable
from functools import cache
from urllib.parse import urlsplit

from engine.errors import InvalidInput
from engine.tariffs.money import CURRENCIES

MAX_TAGS = 30
MAX_PHOTOS = 20
MAX_URL = 500
ID_PATTERN = r"^[0-9A-Za-z][0-9A-Za-z_.-]{0,63}$"
TAG_PATTERN = r"^[0-9a-z][0-9a-z_.:-]{0,39}$"

_ID, _TAG = re.compile(ID_PATTERN), re.compile(TAG_PATTERN)
_COUNTRIES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_COUNTRIES.split())
"""ISO 3166-1 alpha-2."""


def checked_id(text: str, field: str = "id") -> str:
    """A network's or station's id, else InvalidInput."""
    if _ID.fullmatch(text) is None:
        raise InvalidInput(
            f"{text!r} cannot be an id.", field=field, remedy="Use up to 64 letters, digits and _ . - after a letter."
        )
    return text


def checked_tags(tags: Iterable[str], field: str = "tags") -> tuple[str, ...]:
    """Tags in lower case, each once and in order, else InvalidInput."""
    found = sorted({tag.strip().lower() for tag in tags})
    for tag in found:
        if _TAG.fullmatch(tag) is None:
            raise InvalidInput(
                f"{tag!r} cannot be a tag.", field=field, remedy="Use up to 40 letters, digits and _ . : - for each."
            )
    if len(found) > MAX_TAGS:
        raise InvalidInput(f"There are {len(found)} tags.", field=field, remedy=f"Use {MAX_TAGS} at most.")
    return tuple(found)


def checked_country(text: str, field: str = "country") -> str:
    """A country's two letters, "" for none, else InvalidInput."""
    if text and text not in COUNTRIES:
        raise InvalidInput(
            f"{text!r} is no country.", field=field, remedy="Use two capital letters of ISO 3166-1, as in DE or IN."
        )
    return text


@cache
def time_zones() -> frozenset[str]:
    """All IANA time zones that this machine, or the tzdata package, knows."""
    return frozenset(zoneinfo.available_timezones()) - {"localtime", "posixrules", "Factory"}


def checked_zone(text: str, field: str = "time_zone") -> str:
    """An IANA time zone, "" for none, else InvalidInput."""
    if text and text not in time_zones():
        raise InvalidInput(
            f"{text!r} is no time zone.", field=field, remedy="Use an IANA name, as in Europe/Berlin or Asia/Kolkata."
        )
    return text


def checked_currency(text: str, field: str = "currency") -> str:
    """An ISO 4217 currency, else InvalidInput."""
    if text not in CURRENCIES:
        raise InvalidInput(
            f"{text!r} is no currency.", field=field, remedy="Use three capital letters of ISO 4217, as in EUR or INR."
        )
    return text


def checked_coordinates(latitude: float | None, longitude: float | None) -> tuple[float | None, float | None]:
    """WGS 84 degrees, both or neither, to 7 digits (a centimetre), else InvalidInput."""
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise InvalidInput(f"{missing} is missing.", field=missing, remedy="Give both coordinates or neither.")
    for field, degrees, most in (("latitude", latitude, 90.0), ("longitude", longitude, 180.0)):
        # A NaN is not within either.
        if degrees is not None and not -most <= degrees <= most:
            raise InvalidInput(
                f"{field} cannot be {degrees}.", field=field, remedy=f"Use degrees from {-most:g} to {most:g}."
            )
    return None if latitude is None else round(latitude, 7), None if longitude is None else round(longitude, 7)


def checked_photos(photos: Iterable[str], field: str = "photos") -> tuple[str, ...]:
    """Addresses of photos, else InvalidInput: pages show them, so only the web's own kind."""
    found = tuple(dict.fromkeys(photos))
    for url in found:
        if not _is_web_address(url):
            raise InvalidInput(f"{url!r} is no address of a photo.", field=field, remedy="Use https://….")
    if len(found) > MAX_PHOTOS:
        raise InvalidInput(f"There are {len(found)} photos.", field=field, remedy=f"Use {MAX_PHOTOS} at most.")
    return found


def _is_web_address(url: str) -> bool:
    if len(url) > MAX_URL or not url.isprintable() or any(c.isspace() or c in '<>"' for c in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
