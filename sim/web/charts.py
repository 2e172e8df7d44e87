"""What a look shows, as options of ECharts and as tables of the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np

from sim.analysis.rounding import POINTS, times
from sim.analysis.verdict.judge import MEASURES
from sim.months import month_after
from sim.plot.style import NARROW_BAND, WIDE_BAND, VendorStyle, vendor_styles
from sim.runs.worlds import ON
from sim.scenario.schema.scenario import Scenario
from sim.web.session import FLOW, Shown

DASHES = ("solid", "dashed", [8, 3, 2, 3], "dotted", [5, 1, 1, 1, 1, 1])
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BELTS = {
    MEASURES["token_share"]: "% of platform tokens",
    MEASURES["revenue_share"]: "% of full-stack revenue",
}
BRIGHT = 130
"""Least brightness of a colour on dark ground, of 255."""
LINKS = 24
"""Widest flows that are drawn."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Table(NamedTuple):
    """The numbers of a chart."""

    caption: str
    head: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def html(self) -> str:
        """As HTML; every cell is text."""
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.head)
        rows = "".join(
            f'<tr><th scope="row">{escape(_cell(row[0]))}</th>'
            + "".join(f"<td>{escape(_cell(cell))}</td>" for cell in row[1:])
            + "</tr>"
            for row in self.rows
        )
        caption = f"<caption>{escape(self.caption)}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def text_html(self) -> str:
        """Named sentences as HTML."""
        return "".join(f"<p><strong>{escape(k)}.</strong> {escape(v)}</p>" for k, v in self.rows)

    def csv(self) -> str:
        """As CSV that a spreadsheet reads as text and numbers, never as formulas."""
        lines = [self.head, *self.rows]
        return "".join(",".join(map(_csv_cell, line)) + "\r\n" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:.10g}"
    text = str(value)
    text = f"'{text}" if text.startswith(FORMULA) else text
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in '",\r\n') else text


class Chart(NamedTuple):
    """Options for ECharts, and the numbers behind them."""

    options: dict[str, Any]
    table: Table


class Ink(NamedTuple):
    """Colours that are not a vendor's."""

    text: str
    faint: str
    grid: str
    ground: str


LIGHT = Ink("#1f2933", "#52606d", "#d9dee4", "#ffffff")
DARK = Ink("#e6eaee", "#a8b3bf", "#3a444f", "#1b2026")


def months_of(scenario: Scenario) -> list[str]:
    """Months of the calendar, written YYYY-MM."""
    start = scenario.calendar.start
    return [f"{month_after(start, k):%Y-%m}" for k in range(scenario.calendar.months)]


def _plain(ink: Ink, title: str, **more: Any) -> dict[str, Any]:
    """What all charts share. Tooltips are drawn as text, so that a name stays a name."""
    return {
        "animation": False,
        "backgroundColor": "transparent",
        "textStyle": {"color": ink.text, "fontFamily": "system-ui, sans-serif"},
        "aria": {"enabled": True, "label": {"description": title}},
        "tooltip": {
            "renderMode": "richText",
            "confine": True,
            "backgroundColor": ink.ground,
            "borderColor": ink.grid,
            "textStyle": {"color": ink.text, "fontSize": 12},
            "trigger": "axis",
        },
        **more,
    }


def _axis(ink: Ink, **more: Any) -> dict[str, Any]:
    return {
        "axisLabel": {"color": ink.faint},
        "axisLine": {"lineStyle": {"color": ink.grid}},
        "splitLine": {"lineStyle": {"color": ink.grid}},
        "nameTextStyle": {"color": ink.faint},
        **more,
    }


def _rounded(values: Any, digits: int = 2) -> list[Any]:
    found: list[Any] = np.round(np.asarray(values, dtype=np.float64), digits).tolist()
    return found


def _colour(style: VendorStyle, ink: Ink) -> str:
    """The vendor's colour, lighter on dark ground where it would not be seen."""
    if ink is not DARK:
        return style.colour
    parts = [int(style.colour[k : k + 2], 16) for k in (1, 3, 5)]
    bright = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    lift = max(0.0, (BRIGHT - bright) / (255 - bright))
    return "#" + "".join(f"{round(part + lift * (255 - part)):02x}" for part in parts)


def belt(look: Shown, measure: str, ink: Ink, pinned: Shown | None = None) -> Chart:
    """One scoreboard over the months: medians of all vendors, bands of the two parties."""
    scenario = look.asked.scenario
    months, title = months_of(scenario), BELTS[measure]
    styles = vendor_styles(scenario)
    contest = scenario.contest
    parties = {contest.incumbent, contest.challenger} if contest else set(look.vendors[:2])
    series: list[dict[str, Any]] = []
    columns: dict[str, Any] = {}

    def line(name: str, values: Any, colour: str, **more: Any) -> None:
        series.append(
            {"name": name, "type": "line", "data": _rounded(values), "color": colour, **more}
        )
        columns[name] = values

    for v, vendor in enumerate(look.vendors):
        style = styles[vendor]
        paths = POINTS * look.on(measure)[:, :, v]
        bands = np.quantile(paths, QUANTILES, axis=0)
        colour = _colour(style, ink)
        if vendor in parties:
            for low, high, opacity in ((0, 4, WIDE_BAND), (1, 3, NARROW_BAND)):
                series += _band(f"{vendor}{low}", bands[low], bands[high], colour, opacity)
        place = list(styles).index(vendor) % len(DASHES)
        width, z = (2.5, 3) if vendor in parties else (1.2, 2)
        drawn = {"width": width, "type": DASHES[place]}
        line(style.label, bands[2], colour, showSymbol=False, lineStyle=drawn, z=z)
        if vendor in parties:
            columns[f"{style.label} 5 %"], columns[f"{style.label} 95 %"] = bands[0], bands[4]
        if pinned is not None and vendor in parties and vendor in pinned.vendors:
            other = POINTS * pinned.on(measure)[:, :, pinned.vendors.index(vendor)]
            median = np.resize(np.median(other, axis=0), len(months))
            dotted = {"width": 1, "type": "dotted"}
            line(
                f"A: {style.label}", median, colour, symbol="circle", symbolSize=4, lineStyle=dotted
            )
    legend = [one["name"] for one in series if "name" in one and "stack" not in one]
    options = _plain(
        ink,
        f"{title}, median and bands of {look.step.label}",
        grid={"left": 44, "right": 12, "top": 56, "bottom": 28},
        legend={
            "data": legend,
            "type": "scroll",
            "top": 0,
            "textStyle": {"color": ink.text},
            "pageTextStyle": {"color": ink.text},
        },
        xAxis=_axis(ink, type="category", data=months, boundaryGap=False),
        yAxis=_axis(ink, type="value", name=title, nameLocation="end", min=0),
        series=series,
    )
    options["yAxis"]["nameTextStyle"] = {"color": ink.faint, "align": "left"}
    rows = [(m, *(float(c[k]) for c in columns.values())) for k, m in enumerate(months)]
    return Chart(options, Table(f"{title}, {look.step.label}", ("month", *columns), rows))


def _band(name: str, low: Any, high: Any, colour: str, opacity: float) -> list[dict[str, Any]]:
    """Two stacked lines without ink: the upper one fills what lies between."""
    shared = {
        "type": "line",
        "stack": name,
        "name": name,
        "symbol": "none",
        "silent": True,
        "lineStyle": {"opacity": 0},
        "tooltip": {"show": False},
        "color": colour,
    }
    return [
        {**shared, "data": _rounded(low)},
        {**shared, "data": _rounded(high - low), "areaStyle": {"opacity": opacity}},
    ]


def effect(looks: Sequence[Shown], ink: Ink) -> Chart | None:
    """The effect of the incumbent's moves after each step: its interval narrows."""
    rows = []
    for look in looks:
        found = look.verdict["definitions"]["D2"] if look.verdict else None
        if found and found["statistic"] is not None:
            rows.append(in_points(look.step.label, found["statistic"], found["interval"]))
    if not rows:
        return None
    least = POINTS * looks[0].asked.scenario.containment.minimum_effect
    head = ("runs", "points", "from", "to")
    table = Table("points the challenger would gain without the incumbent's moves", head, rows)
    options = _intervals(rows, ink, table.caption, "points of token share")
    options["series"][0]["markLine"] = {
        "silent": True,
        "symbol": "none",
        "label": {"color": ink.faint, "formatter": f"{least:g} count", "position": "start"},
        "lineStyle": {"color": ink.faint, "type": "dashed"},
        "data": [{"xAxis": least}],
    }
    return Chart(options, table)


def in_points(label: str, mean: float, interval: Sequence[float] | None) -> tuple[Any, ...]:
    """A row of a chart of intervals: name, share and the ends of its interval in points."""
    low, high = interval or (None, None)
    return label, POINTS * mean, times(POINTS, low), times(POINTS, high)


def _intervals(
    rows: Sequence[tuple[Any, ...]], ink: Ink, title: str, unit: str, colours: Sequence[str] = ()
) -> dict[str, Any]:
    """Rows of (name, value, low, high) as bars with the ends of their intervals."""
    chosen = [*colours] or [ink.faint] * len(rows)
    bars = [
        {"value": round(row[1], 2), "itemStyle": {"color": colour}}
        for row, colour in zip(rows, chosen, strict=True)
    ]
    ends = [[round(end, 2), k] for k, row in enumerate(rows) for end in row[2:4] if end is not None]
    spans = [
        [{"coord": [row[2], k]}, {"coord": [row[3], k]}]
        for k, row in enumerate(rows)
        if row[2] is not None and row[3] is not None
    ]
    marks = {
        "name": "95 % interval",
        "type": "scatter",
        "symbol": "rect",
        "symbolSize": [2, 12],
        "data": ends,
        "color": ink.text,
        "markLine": {
            "silent": True,
            "symbol": "none",
            "label": {"show": False},
            "lineStyle": {"color": ink.text, "type": "solid", "width": 1.5},
            "data": spans,
        },
    }
    return _plain(
        ink,
        title,
        grid={"left": 8, "right": 56, "top": 22, "bottom": 42, "containLabel": True},
        xAxis=_axis(ink, type="value", name=unit, nameLocation="middle", nameGap=26),
        yAxis=_axis(ink, type="category", data=[row[0] for row in rows], inverse=True),
        series=[{"name": "mean", "type": "bar", "data": bars, "barMaxWidth": 18}, marks],
    )


def holders(look: Shown, ink: Ink) -> Chart | None:
    """Who holds the points that the challenger lacks."""
    found = look.verdict["diversion"] if look.verdict else []
    if not found:
        return None
    styles = vendor_styles(look.asked.scenario)
    rows, bars = [], []
    for one in found:
        vendor = styles.get(one["vendor"])  # the others together have neither name nor colour
        label = vendor.label if vendor else one["vendor"] or "others"
        rows.append(in_points(label, one["mean"], one["interval"]))
        bars.append(_colour(vendor, ink) if vendor else ink.faint)
    title = "who holds the points, with the moves less without"
    table = Table(title, ("vendor", "points", "from", "to"), rows)
    return Chart(_intervals(rows, ink, title, "points of token share", bars), table)


def against(look: Shown, ink: Ink) -> Chart | None:
    """B less A by vendor, paired by seed."""
    if look.against is None:
        return None
    labels = dict(zip(look.vendors, look.labels, strict=True))
    found = look.against[MEASURES["token_share"]]
    rows = [in_points(labels[vendor], *pair) for vendor, pair in found.items()]
    title = "token share, B less A under the same seeds"
    table = Table(title, ("vendor", "points", "from", "to"), rows)
    styles = vendor_styles(look.asked.scenario)
    bars = [_colour(styles[vendor], ink) for vendor in found]
    return Chart(_intervals(rows, ink, title, "points of token share", bars), table)


def one_by_one(rows: Sequence[tuple[Any, ...]], ink: Ink, challenger: str) -> Chart:
    """What each lever does: the challenger's share without it less with it."""
    title = f"points of tokens that {challenger} gains when the lever alone is off"
    found = sorted(rows, key=lambda row: -abs(row[1]))
    table = Table(title, ("lever", "points", "from", "to"), found)
    return Chart(_intervals(found, ink, title, "points of token share"), table)


def flows(look: Shown, ink: Ink) -> Chart:
    """Who loses workloads to whom: mean of a month of the last ones."""
    window = look.asked.scenario.containment.window_months
    means = look.curves[ON][FLOW][:, -window:].mean(axis=(0, 1))
    styles = vendor_styles(look.asked.scenario)
    labels = dict(zip(look.vendors, look.labels, strict=True))
    found = [
        (labels[a], labels.get(b, b.replace("_", " ")), float(means[i, j]))
        for i, a in enumerate(look.vendors)
        for j, b in enumerate(look.destinations)
        if a != b and means[i, j] > 0.0
    ]
    found.sort(key=lambda row: -row[2])
    colours = {style.label: _colour(style, ink) for style in styles.values()}
    shown = found[:LINKS]
    names = [f"from {n}" for n in dict.fromkeys(r[0] for r in shown)]
    names += [f"to {n}" for n in dict.fromkeys(r[1] for r in shown)]
    nodes = [
        {"name": n, "itemStyle": {"color": colours.get(n.split(" ", 1)[1], ink.faint)}}
        for n in names
    ]
    title = "workloads that change platform in a month"
    options = _plain(ink, title)
    options["tooltip"]["trigger"] = "item"
    options["series"] = [
        {
            "type": "sankey",
            "data": nodes,
            "links": [
                {"source": f"from {a}", "target": f"to {b}", "value": round(x, 1)}
                for a, b, x in shown
            ],
            "label": {"color": ink.text, "fontSize": 11},
            "left": 8,
            "right": 130,
            "top": 8,
            "bottom": 8,
            "lineStyle": {"color": "source", "opacity": 0.35},
        }
    ]
    return Chart(options, Table(title, ("from", "to", "workloads a month"), found))


def market(look: Shown, ink: Ink) -> Chart:
    """The market in its first month: tokens and revenue of each vendor."""
    styles = vendor_styles(look.asked.scenario)
    rows: list[tuple[Any, ...]] = []
    for v, vendor in enumerate(look.vendors):
        shares = [POINTS * float(look.on(m)[:, 0, v].mean()) for m in BELTS]
        rows.append((styles[vendor].label, *shares))
    colours = [_colour(styles[vendor], ink) for vendor in look.vendors]
    title = f"the market in {months_of(look.asked.scenario)[0]}"
    series = [
        {
            "name": name,
            "type": "bar",
            "itemStyle": {"color": ink.faint, "opacity": 1.0 if k == 0 else 0.5},
            "data": [
                {"value": round(row[k + 1], 1), "itemStyle": {"color": colour}}
                for row, colour in zip(rows, colours, strict=True)
            ],
        }
        for k, name in enumerate(("tokens", "revenue"))
    ]
    options = _plain(
        ink,
        title,
        grid={"left": 8, "right": 16, "top": 30, "bottom": 28, "containLabel": True},
        legend={"top": 0, "textStyle": {"color": ink.text}},
        xAxis=_axis(ink, type="value", name="%"),
        yAxis=_axis(ink, type="category", data=[row[0] for row in rows], inverse=True),
        series=series,
    )
    return Chart(options, Table(title, ("vendor", *BELTS.values()), rows))


def timeline(scenario: Scenario, ink: Ink) -> Chart:
    """Dated events by whom they concern."""
    months = months_of(scenario)
    styles = vendor_styles(scenario)
    rows = []
    for place, event in enumerate(scenario.events):
        named = event.vendors_named()
        owners = [scenario.families[f].owner for f in event.families_named()]
        who = next((v for v in [*named, *owners] if v in styles), "")
        what = " ".join([event.what.replace("_", " "), *event.families_named()])
        rows.append((f"{event.month:%Y-%m}", styles[who].label if who else "market", what, place))
    lanes = [*dict.fromkeys([*(s.label for s in styles.values()), "market"])]
    colours = {s.label: _colour(s, ink) for s in styles.values()}
    title = "dated events"
    points = [
        {
            "value": [month, who],
            "name": f"{month} {who}: {what}",
            "event": place,
            "itemStyle": {"color": colours.get(who, ink.faint)},
        }
        for month, who, what, place in rows
    ]
    options = _plain(
        ink,
        title,
        grid={"left": 8, "right": 16, "top": 8, "bottom": 28, "containLabel": True},
        xAxis=_axis(ink, type="category", data=months),
        yAxis=_axis(ink, type="category", data=lanes, inverse=True),
        series=[{"type": "scatter", "symbolSize": 11, "data": points}],
    )
    options["tooltip"] |= {"trigger": "item", "formatter": "{b}"}
    table = Table(title, ("month", "whom", "what", "place in the file"), rows)
    return Chart(options, table)


def outcome_map(
    x: tuple[str, Sequence[float]],
    y: tuple[str, Sequence[float]],
    found: Mapping[tuple[int, int], float],
    ink: Ink,
    title: str,
) -> Chart:
    """A number over two parameters, as far as it is known."""
    cells = [[i, j, round(value, 1)] for (i, j), value in sorted(found.items())]
    values = [round(value, 1) for value in found.values()] or [0.0]
    options = _plain(
        ink,
        title,
        grid={"left": 8, "right": 16, "top": 34, "bottom": 78, "containLabel": True},
        xAxis=_axis(
            ink,
            type="category",
            data=[f"{value:.3g}" for value in x[1]],
            name=x[0],
            nameLocation="middle",
            nameGap=26,
        ),
        yAxis=_axis(ink, type="category", data=[f"{value:.3g}" for value in y[1]], name=y[0]),
        visualMap={
            "min": min(values),
            "max": max([*values, min(values) + 0.1]),
            "calculable": False,
            "orient": "horizontal",
            "left": "center",
            "bottom": 0,
            "textStyle": {"color": ink.text},
            "inRange": {"color": ["#00224e", "#575d6d", "#a59c74", "#fee838"]},
        },
        series=[
            {"name": title, "type": "heatmap", "data": cells, "label": {"show": True}},
        ],
    )
    options["tooltip"]["trigger"] = "item"
    options["yAxis"]["nameTextStyle"] = {"color": ink.faint, "align": "left"}
    rows = [(f"{x[1][i]:.3g}", f"{y[1][j]:.3g}", v) for (i, j), v in sorted(found.items())]
    return Chart(options, Table(title, (x[0], y[0], title), rows))
