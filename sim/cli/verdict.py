"""A verdict, its dated events and what it cost, as lines for the screen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sim.analysis.verdict.grounds import grounds_line
from sim.analysis.verdict.judge import vendor_label
from sim.cli.options import WIDTH, table_lines
from sim.report.verdicts import grounds_of

if TYPE_CHECKING:
    from sim.runs.result import Result

SHOWN = {
    "held_back": "held back",
    "incumbent_regains": "incumbent regains",
    "above_ceiling": "passes kappa",
    "below_ceiling": "falls below it",
}
SMALL_P = 0.05


def dated_lines(verdict: Mapping[str, Any]) -> Iterator[str]:
    """One line on when containment begins and whether it lasts; one more if runs form humps."""
    events = verdict.get("events")
    if events:
        states = events["states"]
        shown = [name for name in SHOWN if name in states and states[name]["first"]["n"]]
        yield f"Dated, runs: {'; '.join(_state(SHOWN[name], states[name]) for name in shown)}"
    for board, vendors in (verdict.get("final_states") or {"shares": {}})["shares"].items():
        for vendor, test in vendors.items():
            if test is not None and test["p_value"] <= SMALL_P:
                places = " and ".join(f"{100.0 * place:.1f}" for place in test["modes"])
                yield (
                    f"Two humps: {board.replace('_', ' ')} of {vendor} near {places} % "
                    f"(Silverman, p = {test['p_value']:.3f}, n = {test['n']})"
                )


def _state(name: str, state: Mapping[str, Any]) -> str:
    first, duration, relapse = state["first"], state["duration"], state["relapse"]
    text = f"{name} {first['happened']}/{first['n']}"
    if not first["happened"]:
        return text
    text += f" (from {state['median_first_date'][:7]}"
    again = f", {relapse['happened']} again" if relapse["happened"] else ""
    return f"{text}, {duration['happened']} ended{again})"


def burn_lines(result: Result, verdict: Mapping[str, Any]) -> Iterator[str]:
    """One line if the scenario has a price cut of the challenger, else none."""
    burn, contest = verdict.get("burn_per_point"), verdict.get("contest")
    if not burn or not contest:
        return
    found = burn["vendors"].get(contest["challenger"])
    if not found or not found["since_price_cut"]:
        return
    who = vendor_label(result.scenario, contest["challenger"])
    since = f"since its price cut of {found['since'][:7]}"
    spent = f"{found['burn_million_yuan']:,.4g} million yuan below cost"
    if found["estimate"] is None:
        yield (
            f"Burn: {who} sold {spent} {since} and gained no share "
            f"({found['points_gained']:+.1f} points; n = {burn['n']})"
        )
        return
    interval = found["interval"]
    bounds = ", no bounds"
    if interval and None not in interval:
        bounds = f" [{interval[0]:,.4g}, {interval[1]:,.4g}]"
    yield (
        f"Burn: {who} sold {spent} {since}, {found['estimate']:,.4g}{bounds} a point of token "
        f"share gained ({burn['interval_type']}; n = {burn['n']})"
    )


POINTS = 100.0
LEAST_POINTS = 0.5  # smaller holders of tau are left out
BOARDS = {
    "platform_token_share": "platform tokens",
    "family_token_share": "model-family tokens",
    "full_stack_revenue_share": "full-stack revenue",
}
RULES = {"money_kept": "(a) money kept", "money_in_price": "(b) money in prices"}
OTHER_HOSTING = "_other_hosting"
WANTED_EFFECTIVE_CLIENTS = 5_000.0


def verdict_lines(result: Result, verdict: Mapping[str, Any]) -> list[str]:
    """Scoreboards, outcome classes, definitions, effects, the verdict in words, its grounds."""
    primary = verdict.get("primary")
    known = primary is not None or result.sound_replicates("on")
    ground = grounds_of(result).line() if known else ""
    lines = [*_scoreboards(result, verdict)]
    if primary is not None:
        entry = verdict["verdicts"][primary]
        lines += ["", *_classes(entry), "", *_definitions(entry)]
        effects = list(_effects(verdict))
        lines += ["", *effects] if effects else []
        lines += ["", *_robustness(entry), *dated_lines(verdict)]
        lines += burn_lines(result, verdict)
    else:
        lines += _last_month(result)
    lines.append("")
    for sentence in verdict["sentences"]:
        lines += textwrap.wrap(sentence, WIDTH)
    lines += textwrap.wrap(ground, WIDTH)
    return lines + list(_warnings(result))


SPLIT_NAMES = {"tau": "tau", "token_share": "challenger's token share"}


def split_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What the spread of tau and of the final token share is made of, with its grounds."""
    yield (
        f"Spread over {found['draws']:,} draws x {found['seeds_of_each']} seeds: points, median "
        "[5 %, 95 %]; parts of the variance, per cent"
    )
    rows = [["", "runs", "sd", "seed", "parameters", "strategies"]]
    for name, title in SPLIT_NAMES.items():
        one = found["outcomes"].get(name)
        if one is None:
            continue
        shares = one["shares"]
        rows.append(
            [
                title,
                _range(one["median"], *one["interval"]),
                f"{POINTS * max(one['total'], 0.0) ** 0.5:.1f}",
                "-" if shares["seed"] is None else _range(shares["seed"], *one["seed_share"]),
                *(_part(shares.get(part)) for part in ("parameters", "strategies")),
            ]
        )
    yield from table_lines(rows)
    yield from textwrap.wrap(grounds_line(found), WIDTH)


def _part(share: float | None) -> str:
    return "-" if share is None else f"{POINTS * share:.1f}"


def _range(value: float, low: float | None, high: float | None, scale: float = POINTS) -> str:
    if low is None or high is None:
        return f"{scale * value:.1f}"
    return f"{scale * value:.1f} [{scale * low:.1f}, {scale * high:.1f}]"


def _scoreboards(result: Result, verdict: Mapping[str, Any]) -> Iterator[str]:
    boards = verdict.get("scoreboards") or {}
    shown = {name: title for name, title in BOARDS.items() if name in boards}
    if not shown:
        return
    window = result.scenario.containment.window_months
    n = len(result.sound_replicates("on"))
    yield f"Shares, last {window} months: median [5 %, 95 %] of {n} replicates, per cent"
    if "n_eff" in result.runs:
        effective = result.runs["n_eff"].median()
        yield f"({effective:,.0f} effective clients: Kish, token weights)"
    rows = [["", *shown.values()]]
    first = boards[next(iter(shown))]
    for vendor in sorted(first, key=lambda name: -(first[name]["median"] or 0.0)):
        cells = [boards[name].get(vendor) for name in shown]
        label = vendor_label(result.scenario, vendor)
        shares = ["-" if c is None else _range(c["median"], c["p05"], c["p95"]) for c in cells]
        rows.append([label, *shares])
    yield from table_lines(rows)


def _last_month(result: Result) -> Iterator[str]:
    """Prices and shares of the last month, for a scenario without a question."""
    if not result.sound_replicates("on"):
        return
    last = result.curves.sel(point="on").isel(month=-1).median("replicate")
    yield "Last month, median of the replicates"
    rows = [["", "price index, yuan per million tokens", "platform tokens, per cent"]]
    for name in result.scenario.vendors:
        price = float(last["price_index"].sel(vendor=name))
        share = float(last["platform_token_share"].sel(vendor=name))
        label = vendor_label(result.scenario, name)
        rows.append([label, f"{price:.6g}", f"{POINTS * share:.1f}"])
    yield from table_lines(rows)


def _classes(entry: Mapping[str, Any]) -> Iterator[str]:
    yield f"Outcome of {entry['n']} runs ({entry['classes']['interval_type']}), per cent"
    found = [(k, f) for k, f in entry["classes"]["frequencies"].items() if f["count"]]
    rows = [
        [name.replace("_", "-"), _range(f["share"], *f["interval"])]
        for name, f in sorted(found, key=lambda item: -item[1]["count"])
    ]
    yield from table_lines(rows)


def _definitions(entry: Mapping[str, Any]) -> Iterator[str]:
    yield f"Definitions of containment by {entry['incumbent']} of {entry['challenger']}"
    rows, notes = [], []
    for code, found in entry["definitions"].items():
        value = "" if found["statistic"] is None else f"{found['statistic']:.4g}"
        interval = found["interval"]
        if value and interval and None not in interval:
            value += f" [{interval[0]:.4g}, {interval[1]:.4g}]"
        rows.append([code, found["title"], found["verdict"], f"{value} {found['unit']}"])
        if found["note"]:
            notes.append(f"{code} {found['note']}")
    yield from table_lines(rows)
    indent = "    "
    yield from textwrap.wrap(
        "; ".join(notes), WIDTH, initial_indent=indent, subsequent_indent=indent
    )


def _effects(verdict: Mapping[str, Any]) -> Iterator[str]:
    entries = {n: e for n, e in verdict["verdicts"].items() if e["causal"]["tau"] is not None}
    if not entries:
        return
    primary = verdict["verdicts"][verdict["primary"]]
    yield (
        f"tau: points of token share that {primary['challenger']} would gain without the levers "
        f"of {primary['incumbent']}"
    )
    pairs = verdict["hosting"]["pairs"]
    hostings = list(dict.fromkeys(pairs[name] for name in entries))
    rows = [["challenger", *RULES.values()]]
    for hosting in hostings:
        own = hosting == verdict["hosting"]["scenario"]
        names = [rule if own else f"{rule}{OTHER_HOSTING}" for rule in RULES]
        cells = [_tau(entries[name]) if name in entries else "-" for name in names]
        rows.append([f"{hosting} its open families{' (scenario)' if own else ''}", *cells])
    yield from table_lines(rows)
    yield from _holders(primary)
    reverse = verdict.get("reverse_test")
    if reverse:
        tau = _range(reverse["tau_mean"], *(reverse["interval"] or (None, None)))
        yield f"reverse test, the challenger's own levers off: {tau} points"


def _holders(entry: Mapping[str, Any]) -> Iterator[str]:
    """Who holds the points of tau, those of half a point or more and the incumbent."""
    shown = [
        f"{one['vendor']} {_range(one['mean'], *(one['interval'] or (None, None)))}"
        for one in entry["diversion"]
        if abs(one["mean"]) >= LEAST_POINTS / POINTS or one["vendor"] == entry["incumbent"]
    ]
    if shown:
        yield f"who holds them: {'; '.join(shown)}"
        yield f"the incumbent holds its part of them: {entry['by_incumbent']}"
    own = entry.get("self_hosting_effect")
    if own:
        points = _range(own["mean"], *(own["interval"] or (None, None)))
        yield f"the moves bring own machines {points} points of all tokens"


def _tau(entry: Mapping[str, Any]) -> str:
    found = entry["definitions"]["D2"]
    low, high = found["interval"] or (None, None)
    return f"{_range(found['statistic'], low, high)} {found['verdict']}"


def _robustness(entry: Mapping[str, Any]) -> Iterator[str]:
    curve = entry.get("specification")
    if curve:
        yield (
            f"Over {len(curve['points'])} settings of the thresholds the verdict on runs and cause "
            f"stays in {POINTS * curve['same_overall']:.0f} %, that of the definitions in "
            f"{POINTS * curve['same_contained']:.0f} %"
        )
    stable = entry["stability"]
    where = "" if stable["stable"] else f"; most change at {stable['flips']}"
    windows = sorted(int(name[4:]) for name in stable["kept"] if name.startswith("W"))
    yield (
        f"Class over windows of {', '.join(map(str, windows))} months"
        f"{' and beyond the horizon' if stable['horizon_checked'] else ''}: "
        f"{POINTS * stable['share']:.0f} % of runs keep theirs{where}"
    )
    further = entry.get("longer_run")
    if further:
        yield (
            f"Horizon: at month {further['months']} {further['kept']} of {further['n']} seeds keep "
            f"their {further['of']}: {_range(further['share'], *further['interval'])} % (Wilson)"
        )
    for note in entry["notes"]:
        yield f"note: {note}"


def _warnings(result: Result) -> Iterator[str]:
    runs = result.runs
    if "n_eff" in runs and (runs["n_eff"] < WANTED_EFFECTIVE_CLIENTS).any():
        least = runs["n_eff"].min()
        yield (
            f"warning: {least:,.0f} effective clients, fewer than {WANTED_EFFECTIVE_CLIENTS:,.0f}: "
            "shares carry sampling noise; raise --clients"
        )
