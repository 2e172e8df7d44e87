"""The names of a scenario in one canonical order, and the offers they make possible.

Everything inside the market is ordered by name, so the order of a file can never matter.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from sim.numeric.arrays import T
from sim.numeric.draws import keys32

if TYPE_CHECKING:
    from sim.scenario.schema.scenario import Scenario


API, HOST, RENT, NONE = 0, 1, 2, 3
OWN_MACHINES = "own_machines"
POSTPONED = "postponed"


@dataclass(frozen=True)
class MarketLayout:
    """Names in order, and columns that say what each offer is.

    Platform index V stands for the client's own machines, V + 1 for postponing; family index -1 for
    none. API offers come first, then HOST offers in blocks of V + 1 a family, RENT, and NONE last.
    """

    vendors: tuple[str, ...]
    families: tuple[str, ...]
    segments: tuple[str, ...]
    regions: tuple[str, ...]
    kinds: tuple[str, ...]
    channel: npt.NDArray[np.int64]
    platform: npt.NDArray[np.int64]
    family: npt.NDArray[np.int64]
    rents: npt.NDArray[np.bool_]  # whether the platform of an offer rents accelerators, or is none
    labels: tuple[str, ...]
    offer_keys: npt.NDArray[np.uint32]
    vendor_keys: npt.NDArray[np.uint32]
    owner: npt.NDArray[np.int64]  # of each family
    hosted_family: npt.NDArray[np.int64]  # families that have HOST offers
    n_api: int
    host_start: int
    rent_start: int

    @cached_property
    def n_offers(self) -> int:
        """Number of offers, NONE included."""
        return len(self.labels)

    @cached_property
    def n_vendors(self) -> int:
        """Number of platforms."""
        return len(self.vendors)

    @cached_property
    def n_cells(self) -> int:
        """Segments x regions."""
        return len(self.segments) * len(self.regions)

    @cached_property
    def none(self) -> int:
        """Index of the offer NONE."""
        return self.n_offers - 1

    @cached_property
    def calls(self) -> npt.NDArray[np.bool_]:
        """(J,) offers of model calls."""
        return self.channel == API

    @cached_property
    def hosting(self) -> npt.NDArray[np.bool_]:
        """(J,) offers of self-hosting."""
        return self.channel == HOST

    @cached_property
    def hosts_or_none(self) -> npt.NDArray[np.bool_]:
        """(J + 1,) the same by offer + 1; False without an offer."""
        return np.append(False, self.hosting)

    @cached_property
    def renting(self) -> npt.NDArray[np.bool_]:
        """(J,) offers of accelerators for rent."""
        return self.channel == RENT

    @cached_property
    def family_owner(self) -> npt.NDArray[np.int64]:
        """(J,) owner of each offer's family, -1 without one."""
        return np.append(self.owner, -1)[self.family]

    @cached_property
    def offers_of(self) -> list[npt.NDArray[np.int64]]:
        """Columns of each vendor's offers."""
        return [np.flatnonzero(self.platform == v) for v in range(self.n_vendors)]

    @cached_property
    def calls_of(self) -> list[npt.NDArray[np.int64]]:
        """Columns of each vendor's model calls."""
        return [offers[offers < self.n_api] for offers in self.offers_of]

    def of_platforms(self, values: npt.NDArray[T], others: T | float) -> npt.NDArray[T]:
        """(J,) value (V,) of each offer's platform, and `others` of own machines and postponing."""
        padded = np.empty(self.n_vendors + 2, values.dtype)
        padded[:-2], padded[-2:] = values, others
        return padded[self.platform]

    def platform_names(self) -> tuple[str, ...]:
        """Platforms with the two that nobody owns."""
        return (*self.vendors, OWN_MACHINES, POSTPONED)

    def api_offer(self, vendor: str, family: str) -> int:
        """Index of the model calls of `family` at `vendor`; KeyError if there is none."""
        return self.labels.index(f"api/{vendor}/{family}")


def openable(scenario: Scenario, family: str) -> bool:
    """Whether the weights of a family are or may become open."""
    return scenario.families[family].weights != "closed"


def _pairs(scenario: Scenario) -> list[tuple[str, str]]:
    """Platform and family of all model-call offers that the scenario can ever have."""
    pairs = {(family.owner, name) for name, family in scenario.families.items()}
    pairs |= {(host.vendor, host.family) for host in scenario.hosts}
    for event in scenario.events:
        vendor, family = getattr(event, "vendor", None), getattr(event, "family", None)
        if vendor and family and family in scenario.families:
            pairs.add((vendor, family))
    for vendor, table in scenario.vendors.items():
        if table.openness.strategy == "host_rivals":
            pairs |= {(vendor, name) for name in scenario.families if openable(scenario, name)}
    return sorted(pairs)


def make_world(scenario: Scenario) -> MarketLayout:
    """Put the names of a scenario in order and lay out its offers."""
    vendors = sorted(scenario.vendors)
    families = sorted(scenario.families)
    pairs = _pairs(scenario)
    hosted = [name for name in families if openable(scenario, name)]
    if not scenario.mechanisms.self_hosting:
        hosted = []
    offers = [(API, vendors.index(v), families.index(f), f"api/{v}/{f}") for v, f in pairs]
    for f in hosted:
        for v, vendor in enumerate([*vendors, OWN_MACHINES]):
            offers.append((HOST, v, families.index(f), f"host/{vendor}/{f}"))
    offers += [(RENT, v, -1, f"rent/{vendor}") for v, vendor in enumerate(vendors)]
    offers.append((NONE, len(vendors) + 1, -1, "none"))
    labels = [offer[3] for offer in offers]
    columns = np.array([offer[:3] for offer in offers], dtype=np.int64)
    return MarketLayout(
        vendors=tuple(vendors),
        families=tuple(families),
        segments=tuple(sorted(scenario.segments)),
        regions=tuple(sorted(scenario.regions)),
        kinds=tuple(sorted(scenario.kinds)),
        channel=columns[:, 0].copy(),
        platform=columns[:, 1].copy(),
        family=columns[:, 2].copy(),
        rents=np.array([*(scenario.vendors[v].rents for v in vendors), True, True])[columns[:, 1]],
        labels=tuple(labels),
        offer_keys=keys32(labels),
        vendor_keys=keys32(vendors),
        owner=np.array([vendors.index(scenario.families[f].owner) for f in families], np.int64),
        hosted_family=np.array([families.index(f) for f in hosted], np.int64),
        n_api=len(pairs),
        host_start=len(pairs),
        rent_start=len(pairs) + len(hosted) * (len(vendors) + 1),
    )


Made = TypeVar("Made")
MOST_SCENARIOS = 32  # worlds of one ensemble
_SHARED: dict[int, tuple[Scenario, dict[Hashable, Any]]] = {}


def shared(scenario: Scenario, name: Hashable, make: Callable[[], Made]) -> Made:
    """What `make` gives, made once for a scenario; nobody may change it.

    Scenarios are frozen, so the object itself is the key; it is held, so that its id stays its own.
    """
    held = _SHARED.get(id(scenario))
    if held is None:
        while len(_SHARED) >= MOST_SCENARIOS:
            _SHARED.pop(next(iter(_SHARED)))
        held = _SHARED[id(scenario)] = (scenario, {})
    known = held[1]
    if name not in known:
        known[name] = make()
    value: Made = known[name]
    return value
