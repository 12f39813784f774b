"""WCAG 2 contrast of colours as tokens.css writes them: oklch to sRGB to luminance to a ratio."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

Colour = tuple[float, float, float]
Tokens = Mapping[str, tuple[Colour, Colour]]

OKLCH = r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)"
TOKEN = re.compile(rf"--([\w-]+): light-dark\({OKLCH}, {OKLCH}\);")
MORE_BY_SYSTEM = re.compile(r"@media \(prefers-contrast: more\) \{\s*:root \{(.*?)\}", re.DOTALL)
MORE_BY_CHOICE = re.compile(r'\[data-contrast="more"\] \{(.*?)\}', re.DOTALL)


def colours(css: str) -> Tokens:
    """Each token's colour as (lightness, chroma, hue in degrees), in light and in dark; the last declaration counts."""
    found: dict[str, tuple[Colour, Colour]] = {}
    for name, *numbers in TOKEN.findall(css):
        one, two, three, four, five, six = map(float, numbers)
        found[name] = ((one, two, three), (four, five, six))
    return found


def usual(css: str) -> Tokens:
    """The tokens without more contrast."""
    return colours(MORE_BY_CHOICE.sub("", MORE_BY_SYSTEM.sub("", css)))


def with_more_contrast(css: str) -> Tokens:
    """The tokens where more contrast is asked for."""
    return {**usual(css), **colours(_block(MORE_BY_CHOICE, css))}


def says_it_twice_alike(css: str) -> bool:
    """Whether more contrast is the same for those whose system asks for it and for those who chose it."""
    return _block(MORE_BY_SYSTEM, css).split() == _block(MORE_BY_CHOICE, css).split()


def ratio(one: Colour, other: Colour) -> float:
    """1 to 21; the order does not matter."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: Colour) -> float:
    """Relative luminance; what sRGB cannot show is clipped, as browsers do."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _block(pattern: re.Pattern[str], css: str) -> str:
    found = pattern.search(css)
    return found.group(1) if found else ""
