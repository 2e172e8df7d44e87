"""What pictures say: numbers with units, names of worlds, titles that state what was found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sim.analysis.rounding import unit_in_words
from sim.plot.style import capital
from sim.runs.worlds import (
    CHALLENGER_OFF,
    DOES_NOT_HOST,
    EPISODE_OFF,
    HOSTS,
    OFF_MONEY_IN_PRICE,
    OFF_MONEY_KEPT,
    ON,
)

if TYPE_CHECKING:
    from sim.plot.material import Material

PERCENT = 100.0


def in_words(name: str) -> str:
    """A name of the code as people read it."""
    return name.replace("_", " ")


MAGNITUDES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1e4, "thousand"))


def magnitude(value: float, unit: str) -> tuple[float, str]:
    """What large numbers are divided by, and their unit with its word: billion yuan a month."""
    words = unit_in_words(unit)
    for factor, name in MAGNITUDES:
        if value >= factor and not re.match("thousand|million|billion|trillion", words):
            return (factor / 10.0 if name == "thousand" else factor), f"{name} {words}".rstrip()
    return 1.0, words


def amount(value: float, unit: str) -> str:
    """A number with its unit, in the digits that a reader keeps: 47 %, 1.9 billion yuan a month."""
    if unit == "share":
        percent = PERCENT * value
        digits = 0 if abs(percent) >= 10.0 or abs(percent) < 0.05 else 1
        return f"{percent:.{digits}f}\u00a0%".replace("-0\u00a0", "0\u00a0")
    factor, words = magnitude(abs(value), unit)
    scaled = value / factor
    number = f"{scaled:,.0f}" if abs(scaled) >= PERCENT else f"{scaled:.2g}"
    return f"{number} {words}".rstrip()


OF = {
    "platform_token_share": "of platform tokens",
    "full_stack_revenue_share": "of full-stack revenue",
    "family_token_share": "of tokens by model family",
    "client_share": "of clients",
    "maas_revenue_share": "of model-call revenue",
    "home_share": "of home clouds",
}
"""What a share is a share of; other measures go by their name."""


def headline(data: Material, measure: str, point: str = ON) -> str:
    """Where the rivals stand at the end, and the challenger without the incumbent's moves.

    Means over the judged last months and over the finished runs. Without a contest the two largest
    vendors are told of.
    """
    ends = data.ends(measure, point)
    unit = data.unit(measure)
    if "" in ends:
        return f"{capital(in_words(measure))} ends at {amount(ends[''], unit)}"
    first, *others = [name for name in data.rivals if name in ends] or sorted(
        ends, key=lambda name: -ends[name]
    )[:2]
    own = data.style(first).label
    if measure in OF:
        said = f"{own} holds {amount(ends[first], unit)} {OF[measure]}"
        rest = [f"{data.style(one).label} {amount(ends[one], unit)}" for one in others]
        if point == ON and OFF_MONEY_KEPT in data.points and data.rivals[:1] == (first,):
            without = data.ends(measure, OFF_MONEY_KEPT).get(first)
            if without is not None:
                incumbent = data.style(data.rivals[1]).label
                return f"{said}; without {incumbent}'s moves {amount(without, unit)}"
        return "; ".join([said, *rest])
    rest = [f"{data.style(one).label} at {amount(ends[one], unit)}" for one in others]
    name = capital(in_words(measure))
    return "; ".join([f"{name}: {own} ends at {amount(ends[first], unit)}", *rest])


def world_title(data: Material, point: str) -> str:
    """A world in words, with the rivals by name: without Alibaba Cloud's moves, money kept."""
    for hosting, text in ((DOES_NOT_HOST, "does not host"), (HOSTS, "hosts")):
        if point.endswith(f"_{hosting}"):
            world = world_title(data, point.removesuffix(f"_{hosting}"))
            incumbent, challenger = (data.style(name).label for name in data.contest)
            return f"{world}; {challenger} {text} {incumbent}'s open families"
    if point == ON:
        return "As it stands"
    if point == EPISODE_OFF:
        return capital(data.scenario.episode.without_title)
    if point in (OFF_MONEY_KEPT, OFF_MONEY_IN_PRICE, CHALLENGER_OFF):
        incumbent, challenger = (data.style(name).label for name in data.contest)
        if point == CHALLENGER_OFF:
            return f"Without {challenger}'s moves"
        money = "money kept" if point == OFF_MONEY_KEPT else "money put into prices"
        return f"Without {incumbent}'s moves, {money}"
    return capital(in_words(point))


def with_names(data: Material, text: str) -> str:
    """A sentence about the incumbent and the challenger with their names, kappa as a share."""
    for role, name in zip(("challenger", "incumbent"), data.rivals, strict=False):
        text = re.sub(rf"\b(?:the )?{role}\b", data.style(name).label, text)
    ceiling = f"{PERCENT * data.thresholds.ceiling_share:.0f}\u00a0%"
    return text.replace("kappa", ceiling)


def path_in_words(data: Material, path: str) -> str:
    """A dotted path of a scenario as people read it, vendors by their labels."""
    parts = [data.styles[p].label if p in data.styles else in_words(p) for p in path.split(".")]
    return capital(" ".join(parts[1:] or parts))
