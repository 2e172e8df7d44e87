"""Numbers for people, rounded to what their interval carries."""

from __future__ import annotations

import math

POINTS = 100.0
LEADING = 35.0
SIZES = ((1e12, "trillion "), (1e9, "billion "), (1e6, "million "))


def unit_in_words(unit: str) -> str:
    """A unit as people say it: `yuan/month` is `yuan a month`, `-` is nothing."""
    if unit == "-":
        return ""
    if unit == "share":
        return "%"
    return unit.replace("/month", " a month").replace("/", " per ")


def decimals(low: float | None, high: float | None, most: int = 1) -> int:
    """Decimals that an interval carries: two digits of its half-width up to 35, else one.

    Negative for tens and more; `most` without an interval. The rule for errors of the Particle
    Data Group (Review of Particle Physics, section 5.3).
    """
    if low is None or high is None or not 0.0 < high - low < math.inf:
        return most
    half = (high - low) / 2.0
    magnitude = math.floor(math.log10(half))
    two_digits = half / 10.0 ** (magnitude - 1) <= LEADING
    return min(most, (1 if two_digits else 0) - magnitude)


def number(value: float, places: int) -> str:
    """A number with so many decimals, to tens and hundreds if negative; never minus zero."""
    return f"{round(value, places) + 0.0:,.{max(places, 0)}f}"


def spread(value: float, low: float | None, high: float | None, most: int = 1) -> str:
    """A number and its interval in brackets, rounded to what the interval carries."""
    places = decimals(low, high, most)
    if low is None or high is None or not math.isfinite(high - low):
        return number(value, places)
    return f"{number(value, places)} ({number(low, places)} to {number(high, places)})"


def percent(value: float, low: float | None = None, high: float | None = None) -> str:
    """A share and its interval in per cent, or a gain in points; no sign is written."""
    return spread(POINTS * value, times(POINTS, low), times(POINTS, high))


def money(value: float, low: float | None, high: float | None, currency: str = "yuan") -> str:
    """An amount and its interval in millions, billions or trillions of a currency."""
    largest = max(abs(end) for end in (value, low, high) if end is not None)
    size, word = next((found for found in SIZES if largest >= found[0]), (1.0, ""))
    text = spread(value / size, times(1.0 / size, low), times(1.0 / size, high), most=3)
    amount, bracket, rest = text.partition(" (")
    return f"{amount} {word}{currency}{bracket}{rest}"


MORE = ("more", "less")


def times(factor: float, value: float | None) -> float | None:
    """A number by a factor, where there is one."""
    return None if value is None else factor * value


def difference(
    value: float,
    low: float | None,
    high: float | None,
    words: tuple[str, str],
    unit: str,
    most: int = 1,
) -> tuple[str, str]:
    """A difference in words and its interval: ("2.1 points more", "1.0 to 3.2").

    Parameters
    ----------
    words
        What a positive and a negative difference are called.
    most
        Decimals at most.
    """
    places = decimals(low, high, most)

    def size(end: float) -> str:
        return number(abs(end), places)

    def word(end: float) -> str:
        return words[0 if end >= 0.0 else 1]

    noun = unit[:-1] if unit == "points" and size(value) == "1" else unit
    text = f"{size(value)} {noun} {word(value)}"
    if low is None or high is None or not math.isfinite(high - low):
        return text, ""
    if round(low, places) >= 0.0 or round(high, places) <= 0.0:
        near, far = sorted((low, high), key=abs)
        return text, f"{size(near)} to {size(far)}"
    return text, f"{size(low)} {words[1]} to {size(high)} {words[0]}"


def more_or_less(value: float, low: float | None, high: float | None) -> tuple[str, str]:
    """A difference of shares in points, ("2.1 points more", "1.0 to 3.2"), or that it is none."""
    if value == 0.0 and not low and not high:
        return "just as much", ""
    low, high = times(POINTS, low), times(POINTS, high)
    text, interval = difference(POINTS * value, low, high, MORE, "points")
    rounds_to_0 = round(POINTS * value, decimals(low, high)) == 0.0
    return "about as much" if rounds_to_0 else text, interval
