"""Makes docs/explanation/joints.md: how the parts of the market pull on each other.

`python docs/joints.py` runs some 200 small markets, five minutes on two cores: what the token
contest does to revenue, who is served while cards are short, and worlds in which a lever hurts its
owner. `--before FILE` measures the first table with another scenario file, such as that of commit
f42079a, and keeps its numbers in docs/explanation/joints-before.csv.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sim.analysis.statistics import mean_interval
from sim.market.simulation import Simulation
from sim.market.supply.serving import calls_by_vendor
from sim.runs.run import seed_of
from sim.scenario.patches import replace, with_freed_budget, without_levers
from sim.scenario.reader import load
from sim.scenario.schema.scenario import Scenario

DOCS = Path(__file__).resolve().parent
SCENARIOS = DOCS.parent / "scenarios"
MAIN, TINY = SCENARIOS / "volcano-dam.toml", SCENARIOS / "tiny.toml"
PAGE = DOCS / "explanation" / "joints.md"
BEFORE = DOCS / "explanation" / "joints-before.csv"
POINTS = 100.0
SEEDS, CLIENTS = 8, 5_000
APPEAL = 6.0  # of the challenger's calls: it takes nearly all tokens
WEIGHTS = (0.0, 0.7, 1.4)  # channels apart; centre and upper end of the prior
FREE_HOMES = {"demand.migration.rate": 0.04, "demand.migration.hold": 0.0}
SERVED_SEEDS, SERVED_CLIENTS = 6, 4_000
ENOUGH = 0.95
WINDOW = 6  # last months that a lever's effect is read from
Changes = dict[str, Any]
Floats = npt.NDArray[np.float64]


# --- tokens and revenue -------------------------------------------------------------------------
def challenger_shares(path: Path, changes: Changes, seed: int) -> tuple[float, float]:
    """The challenger's shares of tokens and of full-stack revenue in the last month, in points."""
    own = {"population.clients": CLIENTS, "vendors.volcano_engine.appeal.api": APPEAL}
    scenario = replace(load(path), own | changes)
    model = Simulation(scenario, seed_of(scenario.ensemble.seed, seed)).run()
    v = model.axes["vendor"].index("volcano_engine")
    boards = ("platform_token_share", "full_stack_revenue_share")
    tokens, revenue = (POINTS * float(model.curves[board][-1, v]) for board in boards)
    return tokens, revenue


def belt_rows(pool: ProcessPoolExecutor, path: Path, weights: Sequence[float]) -> Iterator[str]:
    """Shares at each weight of demand across channels, with homes that stay and that move."""
    for homes, name in (({}, "as stated"), (FREE_HOMES, "4 % a month may move")):
        for weight in weights:
            changes = {"demand.cross_channel.weight": weight} | homes
            found = pool.map(partial(challenger_shares, path, changes), range(SEEDS))
            tokens, revenue = np.array(list(found)).T
            yield f"{weight:g},{name},{span(tokens)},{span(revenue)}"


def span(values: npt.ArrayLike) -> str:
    """Mean and 95 % interval, apart from each other so that a table of commas can hold them."""
    found = mean_interval(np.asarray(values, dtype=np.float64))
    return f"{found.mean:.1f} [{found.interval.lower:.1f}; {found.interval.upper:.1f}]"


# --- who is served while cards are short --------------------------------------------------------
RULES = ("pro_rata", "by_margin", "calls_first")


class Served(NamedTuple):
    """(M, V) model calls of a run, cards for them, and whether calls earn less a card than rent."""

    asked: Floats  # million tokens
    kept: Floats
    need: Floats  # cards that all calls asked for would take
    cards: Floats  # cards there are for customers
    cheap: npt.NDArray[np.bool_]
    share: Floats  # of platform tokens


def served(scenario: Scenario, rule: str, seed: int) -> Served:
    """Calls served in a run whose vendors allocate short cards by one rule from the start."""
    events = [plain for event in scenario.events if (plain := _without_rule(event.model_dump()))]
    rules = {f"vendors.{v}.allocation": {"strategy": rule} for v in scenario.vendors}
    changed = replace(scenario, rules | {"events": events, "population.clients": SERVED_CLIENTS})
    model = Simulation(changed, seed_of(changed.ensemble.seed, seed))
    months = [_month(model) for _ in range(changed.calendar.months)]
    order = [model.world.vendors.index(name) for name in changed.vendors]
    columns = (np.array(column)[:, order] for column in zip(*months, strict=True))
    return Served(*columns)


def _month(model: Simulation) -> tuple[Any, ...]:
    """The next month of a run: the fields of `Served`, (V,) each."""
    model.step()
    volumes, world, calls = model.volumes, model.world, model.world.n_api
    need, earned = np.zeros((2, world.n_offers))
    need[:calls] = volumes.demanded[:calls] * volumes.costs.cards
    earned[:calls] = volumes.demanded[:calls] * model.paid[:calls]
    asked, kept, cards, money = (
        calls_by_vendor(world, x) for x in (volumes.demanded, volumes.kept, need, earned)
    )
    rent = np.zeros(world.n_vendors)
    hour = model.terms.unit_price[world.renting]
    rent[world.platform[world.renting]] = hour * model.scenario.supply.card_hours
    share = model.state.token_share.copy()
    return asked, kept, cards, volumes.cards.copy(), money < rent * cards, share


def _without_rule(event: Changes) -> Changes | None:
    """An event as it is without a new allocation; None if nothing else is in it."""
    if event.pop("allocation", None) is None:
        return event
    fields = ("pricing", "agents", "marketing", "accounts", "research", "investment")
    return event if any(event.get(field) for field in fields) else None


def served_worlds(path: Path) -> Iterator[tuple[str, Scenario]]:
    """The market as it stands, and without the challenger's scale: cards are short there."""
    scenario = load(path)
    yield "as it stands", scenario
    yield "without `scale`", without_levers(scenario, ["scale"])
    if scenario.levers["scale"].variants:
        alone = replace(scenario, {"levers.scale.off_variant": "cards_alone"})
        yield "without its cards alone", without_levers(alone, ["scale"])


def served_rows(pool: ProcessPoolExecutor, path: Path) -> Iterator[str]:
    """How much is served of the calls under each rule, and why it is not all."""
    for name, scenario in served_worlds(path):
        for rule in RULES:
            runs = list(pool.map(partial(served, scenario, rule), range(SERVED_SEEDS)))
            yield ",".join((name, rule, *served_cells(scenario, runs)))


def served_cells(scenario: Scenario, runs: Sequence[Served]) -> Iterator[str]:
    """The cells of a line; a month of a vendor counts as short below 95 %."""
    assert scenario.contest is not None
    v = list(scenario.vendors).index(scenario.contest.challenger)
    asked, kept, need, cards, cheap, share = map(np.stack, zip(*runs, strict=True))
    part = np.divide(kept, asked, out=np.ones_like(kept), where=asked > 0.0)
    later = slice(12, None)  # from the second year on
    own = kept[:, later, v].sum(axis=0) / asked[:, later, v].sum(axis=0)
    short = part < ENOUGH
    hopeless, outbid = short & (need > cards), short & (need <= cards) & cheap
    yield f"{POINTS * kept.sum() / asked.sum():.1f} %"
    yield f"{POINTS * own.min():.0f} to {POINTS * own.max():.0f} %"
    yield f"{np.median(cards[:, later, v] / need[:, later, v]):.0f}"
    yield f"{POINTS * short.mean():.1f} %"
    yield f"{POINTS * hopeless.mean():.1f} %"
    yield f"{POINTS * outbid.mean():.1f} %"
    yield f"{POINTS * (short & ~hopeless & ~outbid).mean():.1f} %"
    yield span(POINTS * share[:, -12:, v].mean(axis=1))


# --- worlds in which a lever hurts its owner ----------------------------------------------------
class Failure(NamedTuple):
    """A channel by which a lever lowers its owner's share of tokens, in the tiny market."""

    lever: str
    channel: str
    source: str
    changes: Changes
    off: Changes
    quiet: Changes
    """The same market in which the channel cannot act."""
    owner: str = "volcano"
    frees: float = 0.0
    """Million yuan a month that cut prices instead when the lever is off: budget rule (b)."""


ATTACK: Changes = {  # prices a third below cost, with little money
    "vendors.volcano.appeal.api": 0.0,
    "vendors.volcano.pricing": {"strategy": "penetration", "target_share": 0.95},
    "families.lava.price": 2.0,
}
POOR = {"vendors.volcano.finance": {"cash": 100.0, "funding_limit": 300.0}}
RICH = {"vendors.volcano.finance.funding_limit": 1e6}
STAGE = {"strategy": "exclusive", "budget": 1_000.0, "months": [2, 8], "reach": 0.6}
KNOWN = {"decay": 0.1, "elasticity": 0.25, "scale": 50.0, "awareness_weight": 0.5}
OFFERS = {"strategy": "poach", "budget": 1e4, "largest_discount": 0.2, "largest_credit": 0.3}
LIST = {"strategy": "list_price"}
AGENTS: Changes = {
    "kinds.documents.agent_work": 0.5,
    "kinds.assistant.agent_work": 1.0,
    "agents.creator_segments": ["internet"],
    "agents.scale": 100.0,
    "agents.weight": 0.4,
    "vendors.dam.agents": {"strategy": "own_platform", "agents": 20.0, "portability": 1.0},
    "vendors.dam.agent_fit": {"internet": 3.0, "government": 3.0},
    "vendors.volcano.agent_fit": {"internet": 0.2, "government": 0.0},
    "vendors.volcano.agents": {
        "strategy": "own_platform",
        "side": "creators",
        "agents": 500.0,
        "builders": 50.0,
        "portability": 1.0,
    },
    "vendors.volcano.pricing": {"strategy": "list"},
    "families.lava.price": 1.0,
}
NO_STAGE = {"vendors.volcano.marketing": {"strategy": "none"}}
FAILURES = (
    Failure(
        "scale",
        "idle cards burn cash; at the funding limit prices must cover cost",
        "Bolton & Scharfstein (1990, AER 80:93-106)",
        ATTACK | POOR | {"vendors.volcano.capacity": {"initial": 80.0, "order_cap": 0.0}},
        {"vendors.volcano.capacity.initial": 15.0},
        RICH,
    ),
    Failure(
        "scale",
        "own apps that belong to the plan take the cards of customers",
        "internal competition for what is scarce: Stein (1997, Journal of Finance 52:111-133)",
        ATTACK
        | {
            "vendors.volcano.capacity": {
                "initial": 15.0,
                "order_cap": 0.0,
                "internal_load": 5.0,
                "internal_growth": 0.2,
                "app_value": 20_000.0,
            },
            "vendors.volcano.allocation": {"strategy": "by_margin"},
        },
        {"vendors.volcano.capacity.internal_growth": 0.0},
        {"vendors.volcano.capacity.initial": 300.0},
    ),
    Failure(
        "exclusive_marketing",
        "stages burn cash; at the funding limit prices must cover cost and stages end",
        "Bolton & Scharfstein (1990, AER 80:93-106)",
        ATTACK | POOR | {"vendors.volcano.marketing": STAGE, "demand.goodwill": KNOWN},
        NO_STAGE,
        RICH,
    ),
    Failure(
        "exclusive_marketing",
        "a wide stage wears out: the same money in prices wins more",
        "Sethuraman, Tellis & Briesch (2011, JMR 48:457-471)",
        ATTACK | {"vendors.volcano.marketing": STAGE, "demand.goodwill": KNOWN},
        NO_STAGE,
        {},
        frees=150.0,
    ),
    Failure(
        "account_poaching",
        "rivals answer in kind: own accounts leave at the next tender",
        "Chen (1997, JEMS 6:877-897): both firms are worse off",
        ATTACK
        | {
            "population.key_account_share": 0.2,
            "vendors.volcano.accounts": OFFERS,
            "vendors.dam.accounts": OFFERS | {"strategy": "bid_all", "largest_discount": 0.6},
        },
        {"vendors.volcano.accounts": LIST, "vendors.dam.accounts": LIST},
        {"vendors.dam.accounts": LIST},
    ),
    Failure(
        "account_poaching",
        "poached accounts leave at the next tender: the same money in prices wins more",
        "Fudenberg & Tirole (2000, RAND 31:634-657)",
        ATTACK
        | {
            "population.key_account_share": 0.2,
            "vendors.volcano.accounts": OFFERS | {"budget": 5.0, "largest_discount": 0.1},
        },
        {"vendors.volcano.accounts": LIST},
        {},
        frees=50.0,
    ),
    Failure(
        "creator_platform",
        "portable agents serve the rival's larger clients",
        "Corts & Lederman (2009, IJIO 27:121-136)",
        AGENTS,
        {"vendors.volcano.agents": {"strategy": "none"}},
        {"vendors.volcano.agents.portability": 0.0},
    ),
    Failure(
        "creator_platform",
        "builders who would have come anyway: the same money in prices wins more",
        "Clements & Ohashi (2005, J. Ind. Econ. 53:515-542)",
        AGENTS | {"vendors.volcano.agents.portability": 0.0},
        {"vendors.volcano.agents": {"strategy": "none"}},
        {},
        frees=30.0,
    ),
    Failure(
        "open_source",
        "leakage: a rival hosts the family and sells its calls for less",
        "Casadesus-Masanell & Ghemawat (2006, Management Science 52:1072-1084)",
        {
            "hosts": [{"vendor": "volcano", "family": "dam_open", "start": "2024-01"}],
            "vendors.volcano.appeal.api": 2.0,
            "vendors.volcano.pricing": {"strategy": "undercut", "below": 0.2},
        },
        {"families.dam_open.weights": "closed"},
        {"hosts": []},
        owner="dam",
    ),
)


def effect(failure: Failure, acts: bool, seed: int) -> float:
    """What the lever gives its owner in points of tokens, with the channel or without it."""
    changes = dict(failure.changes)
    lever = {"vendor": failure.owner, "off": failure.off, "frees": failure.frees}
    scenario = replace(load(TINY), {"levers": {failure.lever: lever}})
    scenario = replace(replace(scenario, changes), {} if acts else failure.quiet)
    remove = with_freed_budget if acts and failure.frees else without_levers
    on, bare = (
        _share(one, failure.owner, seed) for one in (scenario, remove(scenario, [failure.lever]))
    )
    return POINTS * (on - bare)


def _share(scenario: Scenario, owner: str, seed: int) -> float:
    model = Simulation(scenario, seed_of(scenario.ensemble.seed, seed)).run()
    v = model.axes["vendor"].index(owner)
    return float(model.curves["platform_token_share"][-WINDOW:, v].mean())


def failure_rows(pool: ProcessPoolExecutor) -> Iterator[str]:
    """What each lever gives its owner in its world, with the channel and without it."""
    for failure in FAILURES:
        found = [
            span(list(pool.map(partial(effect, failure, acts), range(SEEDS)))).replace("; ", ", ")
            for acts in (True, False)
        ]
        yield "|".join((f"`{failure.lever}`", failure.channel, failure.source, *found))


# --- the page -----------------------------------------------------------------------------------
BELT_HEAD = "scenario|weight|home clouds|its share of tokens, points|its share of revenue, points"
SERVED_HEAD = (
    "scenario|market|rule|calls served|the challenger's, by month|cards over its calls' need"
    "|months below 95 %|more than all cards|rent earns more a card|else|its tokens, points"
)
FAILURE_HEAD = "lever|channel|source|points, channel acts|points, it cannot"


def table(head: str, rows: Sequence[str]) -> list[str]:
    """Rows of cells apart by bars as a table of the page."""
    names = head.split("|")
    found = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    return found + [f"| {' | '.join(row.split('|'))} |" for row in rows]


def measured(pool: ProcessPoolExecutor, path: Path, weights: Sequence[float]) -> list[str]:
    """Lines of the first two tables, each with the name of its table first."""
    rows = [f"belts,{row}" for row in belt_rows(pool, path, weights)]
    return rows + [f"served,{row}" for row in served_rows(pool, path)]


def cells_of(kind: str, before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Rows of a table: the scenario of before, then the one of now."""
    return [
        "|".join((name, *row.split(",")[1:])).replace("; ", ", ")
        for name, rows in (("before", before), ("now", now))
        for row in rows
        if row.startswith(kind)
    ]


def _cells(rows: Sequence[str], *head: str) -> list[str]:
    """The cells of the first row that begins so."""
    return next(cells for row in rows if (cells := row.split(","))[: len(head)] == list(head))


def _short(cell: str) -> str:
    return cell.split(" [")[0]


def scale_gives(rows: Sequence[str], rule: str) -> float:
    """Points of tokens that `scale` gives the challenger where all allocate by a rule."""
    on, off = (
        float(_short(_cells(rows, "served", market, rule)[-1]))
        for market in ("as it stands", "without `scale`")
    )
    return on - off


def page(before: Sequence[str], now: Sequence[str], failures: Sequence[str]) -> str:
    """The page."""
    apart, centre, tied = (_cells(now, "belts", f"{weight:g}")[4] for weight in WEIGHTS)
    old = _cells(before, "belts", "0")[4].replace("; ", ", ")
    gains = [f"{scale_gives(now, rule):.0f} points under `{rule}`" for rule in RULES]
    lines = [
        "# The joints of the market",
        "",
        f"With nearly all tokens the challenger has {_short(apart)} % of full-stack revenue where "
        f"channels are apart, {_short(centre)} % at the centre of the prior of demand across "
        f"channels and {_short(tied)} % at its upper end. Of short cards: what `scale` gives the "
        f"challenger hangs on who is served first, {', '.join(gains)}.",
        "",
        "Made by `python docs/joints.py`; intervals are 95 %, of the mean over seeds.",
        "",
        "## What the token contest does to revenue",
        "",
        f"`vendors.volcano_engine.appeal.api = {APPEAL:g}`, month 36 of `volcano-dam`, {SEEDS} "
        f"runs of {CLIENTS:,} clients. `before` is the scenario of commit f42079a under today's "
        "code, channels apart; the code of that commit gave 20.1 points of revenue as stated and "
        f"20.5 with homes that move, on the same seeds; today's gives {old} as stated.",
        "",
        *table(BELT_HEAD, cells_of("belts", before, now)),
        "",
        "## Who is served while cards are short",
        "",
        f"{SERVED_SEEDS} runs of {SERVED_CLIENTS:,} clients; all vendors allocate by one rule from "
        "the first month. The challenger's calls: least and most of a month from the second year "
        "on; its cards over what its calls need, the median. Of all months of all vendors: those "
        "in which less than 95 % of calls are served; in which calls alone need more than all "
        "cards; in which a card earns more in rent than in calls; and the rest. Last, the "
        "challenger's share of tokens in the last year: its fall from the first market to the "
        "others is what `scale` gives under a rule.",
        "",
        "`by_margin` keeps calls as long as they earn more a card than rent. Prices that fell to "
        "cost in a war, and a premium on rent, turn that around by a few per cent at times, and "
        "then all calls wait although they need few cards. `calls_first` serves them; "
        "`volcano-dam` has it from July 2025.",
        "",
        *table(SERVED_HEAD, cells_of("served", before, now)),
        "",
        "## Worlds in which a lever hurts its owner",
        "",
        "In the main scenario some levers never lower their owner's share of tokens "
        "([each lever alone](choices.md#each-lever-alone) says why). The channels by which they "
        "can are in the model: in these worlds, the tiny market with other numbers, the lever "
        "lowers the share, and without the channel it does not. Where the same money cuts prices "
        f"instead, budget rule (b) holds. {SEEDS} pairs of runs.",
        "",
        *table(FAILURE_HEAD, failures),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Write the page, or the numbers of another scenario."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, help="a scenario to be measured once")
    given = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        if given.before:
            rows = measured(pool, given.before, WEIGHTS[:1])
            BEFORE.write_text("\n".join(rows) + "\n", encoding="utf-8")
            return
        now, failures = measured(pool, MAIN, WEIGHTS), list(failure_rows(pool))
    before = BEFORE.read_text(encoding="utf-8").splitlines()
    PAGE.write_text(page(before, now, failures), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
