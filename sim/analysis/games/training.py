"""Teach a pricing algorithm in the market of a scenario, before any run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.economics.arrays import Floats, Ints
from sim.economics.mixed import Demand
from sim.economics.pricing import common_lerner
from sim.economics.q_learning import price_grid, profit_gain, train_duopoly
from sim.errors import Problem, ScenarioError, SimError, nearest_hint
from sim.market.simulation import Simulation
from sim.market.vendors.information import public_view
from sim.parts import Part, cited, par
from sim.scenario.patches import scenario_hash
from sim.scenario.paths import shown
from sim.scenario.schema.scenario import Scenario
from sim.strategies.pricing.q_learning import LEAST_STEPS, Policy, checksum_of

NASH_TOLERANCE = 1e-6  # of the Lerner index
MOST_REPLIES = 500
HIGHEST_FACTOR = 1e4  # price over cost beyond which no joint monopoly price is sought


CALVANO = cited("Calvano et al. (2020)")


class Training(Part):
    """How the two algorithms learn; defaults of Calvano et al. (2020, AER 110:3267-3297)."""

    steps: int = par(
        4_000_000,
        "periods: exploration is over (beta x steps = 16)",
        unit="periods",
        low=LEAST_STEPS,
        high=10**9,
    )
    points: int = par(15, "prices of a grid", low=2, high=100, **CALVANO)
    margin: float = par(
        0.1,
        "how far the grid reaches beyond the Nash and the monopoly price, of their distance",
        low=0.0,
        high=1.0,
        **CALVANO,
    )
    discount: float = par(0.95, "delta", low=0.0, high=0.999, **CALVANO)
    learning_rate: float = par(0.15, "alpha", above=0.0, high=1.0, **CALVANO)
    exploration_decay: float = par(
        4e-6,
        "beta: a random price with chance exp(-beta t)",
        unit="1/period",
        low=0.0,
        high=1.0,
        **CALVANO,
    )


@dataclass(frozen=True, eq=False)
class Arena:
    """A duopoly inside a market: two platforms move their prices over cost, all else stands.

    Index 0 is the learner, 1 its rival. Factors are prices over unit cost, alike on all offers of a
    platform; profits are price units x weight of the market research.
    """

    vendor: str
    rival: str
    demand: Demand
    own: tuple[Ints, Ints]
    price: Floats  # (J,) of the first month
    cost: Floats  # (J,)

    def prices(self, factors: Floats) -> Floats:
        """(J,) prices at the two factors."""
        price = self.price.copy()
        for columns, factor in zip(self.own, factors, strict=True):
            price[columns] = factor * self.cost[columns]
        return price

    def profits(self, factors: Floats) -> Floats:
        """(2,) profits at the two factors."""
        price = self.prices(factors)
        earned = (price - self.cost) * self.demand.quantities(price)
        return np.array([earned[columns].sum() for columns in self.own])

    def reply(self, player: int, factors: Floats, least: float) -> float:
        """Best factor of a player against the other's; SimError where demand is too inelastic."""
        own = self.own[player]
        lerner = common_lerner(self.demand, own, self.prices(factors), self.cost[own], least)
        if lerner is None:
            name = (self.vendor, self.rival)[player]
            raise SimError(f"demand for {name} is too inelastic: no best price to learn around")
        return 1.0 / (1.0 - lerner)

    def nash(self, least: float) -> Floats:
        """(2,) factors that are best replies to each other (Milgrom & Roberts 1990)."""
        factors = np.full(2, 1.0 + NASH_TOLERANCE)
        for _ in range(MOST_REPLIES):
            before = factors.copy()
            for player in range(2):
                factors[player] = self.reply(player, factors, least)
            if np.abs(1.0 / factors - 1.0 / before).max() < NASH_TOLERANCE:
                return factors
        raise SimError(f"{self.vendor} and {self.rival}: best replies do not settle")

    def monopoly(self, start: Floats) -> Floats:
        """(2,) factors of the largest joint profit; SimError where it rises at absurd prices."""
        from scipy.optimize import minimize

        scale = float(self.profits(start).sum())

        def lost(logs: Floats) -> float:
            factors = np.exp(np.clip(logs, 0.0, np.log(HIGHEST_FACTOR)))
            return -float(self.profits(factors).sum()) / scale

        options = {"xatol": NASH_TOLERANCE, "fatol": 0.0, "maxiter": MOST_REPLIES}
        found = np.exp(minimize(lost, np.log(start), method="Nelder-Mead", options=options).x)
        if found.max() > HIGHEST_FACTOR / 2 or (found <= start).any():
            raise SimError(f"{self.vendor} and {self.rival} have no joint monopoly price to learn")
        return np.asarray(found)

    def table(self, grids: Floats) -> Floats:
        """(2, A, A) profits of both at every pair of grid places."""
        cells = [[self.profits(np.array([own, rival])) for rival in grids[1]] for own in grids[0]]
        return np.ascontiguousarray(np.moveaxis(np.array(cells), 2, 0))


def arena(scenario: Scenario, vendor: str, seed: int = 1) -> Arena:
    """The duopoly of a vendor and its rival in the first month of a scenario.

    The rival is the other party of the contest, else the platform with the most tokens. SimError
    if one of the two does not exist or sells no model calls in the first month.
    """
    if vendor not in scenario.vendors:
        hint = nearest_hint(vendor, list(scenario.vendors))
        raise ScenarioError([Problem("", "--vendor", shown(vendor), "no such vendor", hint)])
    model = Simulation(scenario, seed)
    view, names = public_view(model), model.world.vendors
    rival = _rival(scenario, vendor, dict(zip(names, view.token_share.tolist(), strict=True)))
    first, second = (
        np.flatnonzero((view.platform == names.index(name)) & (view.price > 0))
        for name in (vendor, rival)
    )
    for name, columns in ((vendor, first), (rival, second)):
        if not len(columns):
            raise SimError(f"{name} sells no model calls in the first month")
    return Arena(vendor, rival, view.demand(), (first, second), view.price, view.cost_estimate)


def _rival(scenario: Scenario, vendor: str, share: dict[str, float]) -> str:
    contest = scenario.contest
    if contest is not None and vendor in (contest.incumbent, contest.challenger):
        return contest.challenger if vendor == contest.incumbent else contest.incumbent
    others = sorted((-part, name) for name, part in share.items() if name != vendor)
    if not others:
        raise SimError(f"{vendor} has no rival to learn against")
    return others[0][1]


def train(
    scenario: Scenario, vendor: str, *, seed: int = 1, training: Training | None = None
) -> Policy:
    """Teach a vendor's Q-learner against its rival's.

    Grids are those of Calvano et al. (2020) around the Nash and the joint-monopoly prices over cost
    of the duopoly; Delta is the gain of greedy play after training. SimError as `arena`, and where
    there is no Nash or joint-monopoly price.
    """
    how, market = training or Training(), arena(scenario, vendor, seed)
    nash = market.nash(scenario.decisions.inelastic_limit)
    monopoly = market.monopoly(nash)
    ends = zip(nash.tolist(), monopoly.tolist(), strict=True)
    grids = np.stack([price_grid(low, high, how.points, how.margin) for low, high in ends])
    learned = train_duopoly(
        market.table(grids),
        how.steps,
        np.random.Generator(np.random.Philox(np.random.SeedSequence(seed))),
        discount=how.discount,
        learning_rate=how.learning_rate,
        exploration_decay=how.exploration_decay,
    )
    gain = profit_gain(
        float(learned.profits.sum()),
        float(market.profits(nash).sum()),
        float(market.profits(monopoly).sum()),
    )
    content = {
        "format": 1,
        "vendor": vendor,
        "rival": market.rival,
        "own_grid": grids[0].tolist(),
        "rival_grid": grids[1].tolist(),
        "table": learned.actions[0].tolist(),
        "settled": learned.settled,
        "seed": seed,
        **how.model_dump(exclude={"points", "margin"}),
        "profit_gain": gain,
        "scenario": scenario_hash(scenario),
    }
    return Policy.model_validate({**content, "checksum": checksum_of(content)})
