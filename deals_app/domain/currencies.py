"""Which currencies there are and how their signs are written. Amounts are money.py."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
# BGN ended with 2025; deals closed before that are still in it.
_TWO_DIGITS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY
COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR
IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD
NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS = "CLF UYW"

# ISO 4217 code -> number of minor digits. Precious metals, testing and no-currency codes (XAU, XTS, XXX) are left out.
CURRENCIES: Final[Mapping[str, int]] = MappingProxyType(
    {
        code: digits
        for digits, codes in {0: _NO_DIGITS, 2: _TWO_DIGITS, 3: _THREE_DIGITS, 4: _FOUR_DIGITS}.items()
        for code in codes.split()
    }
)

# Sign, case folded and NFKC -> the currencies it may stand for. The first is meant unless the reader's own currency is
# among the others ("$" is AUD to an Australian tenant). None stands first where no reading is the usual one.
SIGNS: Final[Mapping[str, tuple[str | None, ...]]] = MappingProxyType(
    {
        "$": ("USD", "AUD", "CAD", "NZD", "SGD", "HKD", "MXN", "CLP", "COP", "ARS", "TWD", "UYU", "JMD", "TTD"),
        "us$": ("USD",),
        "a$": ("AUD",),
        "au$": ("AUD",),
        "c$": ("CAD",),
        "ca$": ("CAD",),
        "nz$": ("NZD",),
        "s$": ("SGD",),
        "hk$": ("HKD",),
        "nt$": ("TWD",),
        "mx$": ("MXN",),
        "r$": ("BRL",),
        "€": ("EUR",),
        "euro": ("EUR",),
        "£": ("GBP", "EGP", "GIP", "FKP", "SHP"),
        "¥": ("JPY", "CNY"),
        "円": ("JPY",),
        "元": ("CNY",),
        "₹": ("INR",),
        "rs": ("INR", "PKR", "LKR", "NPR", "MUR"),
        "rs.": ("INR", "PKR", "LKR", "NPR", "MUR"),
        "₽": ("RUB",),
        "₩": ("KRW", "KPW"),
        "₺": ("TRY",),
        "₴": ("UAH",),
        "₫": ("VND",),
        "₪": ("ILS",),
        "₱": ("PHP",),
        "₦": ("NGN",),
        "฿": ("THB",),
        "zł": ("PLN",),
        "kč": ("CZK",),
        "ft": ("HUF",),
        "fr.": ("CHF",),
        "sfr": ("CHF",),
        "sfr.": ("CHF",),
        "kr": (None, "SEK", "NOK", "DKK", "ISK"),
        "kr.": (None, "SEK", "NOK", "DKK", "ISK"),
    }
)
