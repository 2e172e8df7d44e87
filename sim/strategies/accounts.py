"""Key accounts: how far a vendor goes in auctions."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydantic import model_validator

from sim.parts import Part, par
from sim.strategies.registry import Strategy
from sim.strategies.view import Books, View

LARGEST_CONCESSION = 0.95  # a client always pays something: the worth of a gift has no bound


@dataclass(frozen=True)
class Concession:
    """The most that is conceded on one account, as shares of its list bill over the contract.

    `discount` lowers every bill until the next review; `credit` is paid at signature.
    """

    discount: float = 0.0
    credit: float = 0.0

    @property
    def total(self) -> float:
        """Discount and credit together."""
        return self.discount + self.credit


@dataclass(frozen=True)
class Bids:
    """Limits of this month's sealed offers.

    `others` holds for accounts that the vendor does not serve (a rival's, new, or postponed work),
    `own` for those it serves; `budget` caps what all new deals of the month commit it to.
    """

    others: Concession = Concession()
    own: Concession = Concession()
    budget: float = 0.0  # million yuan, discounts over the expected contract and credits
    committed: float = 0.0  # further discount for an account that spends the commitment elsewhere
    commitment: float = 0.0  # million yuan a month of its other work with the vendor, at list


class AccountsStrategy(Strategy):
    """Says how far a vendor goes in the auctions of key accounts.

    Subclasses implement `wanted`. A vendor that has reached its funding limit concedes nothing.
    """

    kind = "accounts"
    bids: bool = True  # False: never asked, and no auction is held for its sake

    def wanted(self, view: View, books: Books) -> Bids:
        """Limits for this month, from last month's public market and the own books."""
        raise TypeError(f"{type(self).__name__} does not say how far it goes")

    def bounded(self, books: Books, wanted: Bids) -> Bids:
        """The limits after what holds for every strategy.

        Raises
        ------
        ValueError
            A limit is negative or no number, or a client would be paid for taking the offer.
        """
        for one in (wanted.others, wanted.own):
            parts = discount, credit = one.discount, one.credit
            if not (0.0 <= discount < math.inf and 0.0 <= credit < math.inf):
                raise ValueError(f"{self.name}: discount and credit must not be negative: {parts}")
            if discount + credit + wanted.committed > LARGEST_CONCESSION:
                raise ValueError(f"{self.name}: concessions end at {LARGEST_CONCESSION}: {parts}")
        for what in ("budget", "committed", "commitment"):
            if not getattr(wanted, what) >= 0.0:
                value = getattr(wanted, what)
                raise ValueError(f"{self.name}: a {what} must not be negative: {value}")
        return Bids() if books.cash < -books.funding_limit else wanted


class BidderParameters(Part):
    """A budget and the largest concession on one account."""

    budget: float = par(
        10.0,
        "what the deals of a month may commit to: discounts over the expected contract, credits",
        unit="M yuan/month",
        low=0.0,
        high=1e7,
    )
    largest_discount: float = par(
        1.0 / 6.0,
        "largest discount on an account's list bill",
        unit="share",
        low=0.0,
        high=LARGEST_CONCESSION,
        source="F0015, F0016: 250 against 300",
        flag="data",
    )
    largest_credit: float = par(
        0.05,
        "largest investment credit, of the list bill over the expected contract",
        unit="share",
        low=0.0,
        high=LARGEST_CONCESSION,
        source="F0015, F0017: 15 of 300",
        flag="data",
    )

    committed_discount: float = par(
        0.0,
        "further discount on work of an account whose other work with the vendor bills the "
        "commitment: one contract over several kinds of work",
        unit="share",
        low=0.0,
        high=LARGEST_CONCESSION,
        source="committed-spend agreements: CMA (2025), Cloud services market investigation; "
        "Nalebuff (2004, QJE 119:159-187) for bundles",
    )
    commitment: float = par(
        1.0,
        "list bills of an enterprise's other work with the vendor that earn it",
        unit="M yuan/month",
        low=0.0,
        high=1e6,
    )

    @model_validator(mode="after")
    def _somebody_pays(self) -> BidderParameters:
        most = self.largest_discount + self.largest_credit + self.committed_discount
        if most > LARGEST_CONCESSION:
            raise ValueError(
                f"largest_discount + largest_credit + committed_discount must not pass "
                f"{LARGEST_CONCESSION}: a client always pays something"
            )
        return self

    def promise(self) -> dict[str, float]:
        """What an account gets for what it spends elsewhere with the vendor."""
        if self.committed_discount == 0.0:
            return {}
        return {"committed": self.committed_discount, "commitment": self.commitment}

    def concession(self) -> Concession:
        """The two limits together."""
        return Concession(self.largest_discount, self.largest_credit)


class BidAll(AccountsStrategy):
    """Bids for rivals' key accounts and for its own, out of one budget."""

    name = "bid_all"
    source = "Miller (2014, International Journal of Industrial Organization 37:201-208)"
    observes = ("own cash",)
    Parameters = BidderParameters

    def wanted(self, view: View, books: Books) -> Bids:
        """The largest concession, to everybody."""
        facts = self.parameters
        return Bids(facts.concession(), facts.concession(), facts.budget, **facts.promise())


class ListPriceForAll(AccountsStrategy):
    """Never bids: large clients pay what everybody pays."""

    name = "list_price"
    source = "uniform pricing, the benchmark of Thisse & Vives (1988, AER 78:122-137)"
    bids = False

    def wanted(self, view: View, books: Books) -> Bids:
        """Nothing."""
        return Bids()


class Poach(AccountsStrategy):
    """Bids for key accounts that it does not serve; its own pay the list price."""

    name = "poach"
    source = "Chen (1997, Journal of Economics & Management Strategy 6:877-897)"
    observes = ("own cash",)
    Parameters = BidderParameters

    def wanted(self, view: View, books: Books) -> Bids:
        """The largest concession, to others' accounts alone."""
        facts = self.parameters
        return Bids(others=facts.concession(), budget=facts.budget, **facts.promise())


class Retain(AccountsStrategy):
    """Bids only for own key accounts under review."""

    name = "retain"
    source = "Fudenberg & Tirole (2000, RAND Journal of Economics 31:634-657): the own turf"
    observes = ("own cash",)
    Parameters = BidderParameters

    def wanted(self, view: View, books: Books) -> Bids:
        """The largest concession, to own accounts alone."""
        facts = self.parameters
        return Bids(own=facts.concession(), budget=facts.budget, **facts.promise())
