"""Phase `bid`: auctions of key accounts, one after the other, and what running deals come to.

Second-score auction (Miller 2014, IJIO 37:201-208): a vendor's score is the client's utility of its
best offer at list price plus what its largest concession is worth; the highest score wins and
concedes what makes it as good as the second-best score. Utilities and draws are those of `choice`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from sim.economics.demand import concession_of_worth, concession_worth
from sim.market.clients.columns import UNSET, ChoiceState, ClientColumns, MonthCounts, MonthTerms
from sim.market.clients.consider import log_volume_of
from sim.market.clients.population import FIXED_POINT, LARGEST_COUNT
from sim.market.world import HOST, RENT, MarketLayout
from sim.numeric.arrays import Array, Matrix, Vector
from sim.numeric.elementary import exp
from sim.numeric.jit import inline, kernel
from sim.numeric.laws import law

YUAN = 1e-6  # million yuan
OTHERS, OWN = 0, 1  # rows of limits: accounts that a vendor does not serve, and those it serves

worth_of = law(concession_worth)
share_of = law(concession_of_worth)


@dataclass(frozen=True)
class ConcessionLimits:
    """How far each platform goes this month."""

    discount: Array  # (2, V + 2) of the list bill
    credit: Array  # (2, V + 2)
    budget: Array  # (V + 2,) million yuan
    committed: Array  # (V + 2,) further discount for who spends the commitment elsewhere with it
    commitment: Array  # (V + 2,) million yuan a month of an enterprise
    months: float  # expected length of a contract

    @classmethod
    def none(cls, platforms: int, months: float) -> Self:
        """Nobody concedes anything."""
        rows, one = (2, platforms), np.zeros((3, platforms))
        return cls(np.zeros(rows), np.zeros(rows), one[0], one[1], one[2], months)


@dataclass(frozen=True)
class AuctionQueue:
    """Workloads of key accounts under review, (D,), in the order of storage."""

    work: Array  # int64
    number: Array  # uint64, keyed: the order of the auctions
    offer: Array  # (D, V + 2) int16, best of each platform at list price, -1 without one
    value: Array  # (D, V + 2) its utility, draws included

    @classmethod
    def joined(cls, parts: Sequence[Self], platforms: int) -> Self:
        """One queue after the other."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            rows = 0, platforms
            nobody = np.zeros(0, np.int64), np.zeros(0, np.uint64)
            return cls(*nobody, np.zeros(rows, np.int16), np.zeros(rows))
        return cls(
            np.concatenate([part.work for part in parts]),
            np.concatenate([part.number for part in parts]),
            np.concatenate([part.offer for part in parts]),
            np.concatenate([part.value for part in parts]),
        )

    def order(self, clients: ClientColumns) -> Array:
        """Rows by number; by client and kind of work where two numbers are equal, which is next to
        never."""
        order = self.number.argsort()
        numbers = self.number[order]
        if not np.count_nonzero(numbers[1:] == numbers[:-1]):
            return order
        client_id = clients.client_id[clients.client[self.work]]
        return np.lexsort((clients.work_key[self.work], client_id, self.number))


@dataclass(frozen=True)
class DealCounts:
    """Whole multiples of 2^-20 of a month, int64, (V + 2,) unless said otherwise."""

    won: Array  # weight of auctions won
    poached: Array  # of these, workloads that another vendor served
    bill: Array  # list bills of deals with a concession, million yuan a month
    off: Array  # discounts on these
    credit: Array  # credits, million yuan
    conceded: Array  # (J,) volume x discount of all running deals, see `MonthCounts.scale`


def hold_auctions(
    queue: AuctionQueue,
    order: Array,
    limits: ConcessionLimits,
    discount: Array,
    counts: DealCounts,
    clients: ClientColumns,
    state: ChoiceState,
    world: MarketLayout,
    terms: MonthTerms,
    tally: MonthCounts,
) -> None:
    """Auction the queue in the given order; `discount` (m,), `state`, `counts` and `tally` change.

    Only budgets depend on the order.

    Raises
    ------
    ValueError
        The bills are too large to be added up exactly.
    """
    most_billed = settle_auctions(
        order,
        queue.work,
        queue.offer,
        queue.value,
        limits.discount,
        limits.credit,
        limits.budget.copy(),
        limits.committed,
        limits.commitment,
        limits.months,
        clients.first,
        clients.client,
        clients.kind,
        clients.log_base,
        clients.log_skill,
        clients.cell,
        clients.weight,
        clients.alpha,
        clients.skill,
        state.current,
        state.counted,
        state.second,
        state.log_volume,
        discount,
        world.platform,
        world.channel,
        terms.unit_price,
        terms.unit_hours,
        terms.host_cost,
        terms.operations,
        terms.log_price_ratio,
        terms.elasticity,
        terms.log_growth,
        terms.hours_kind,
        terms.welfare,
        terms.box_cox,
        terms.price_shift,
        terms.mean_price_term,
        counts.won,
        counts.poached,
        counts.bill,
        counts.off,
        counts.credit,
        tally.review,
        tally.flow,
    )
    if most_billed > LARGEST_COUNT / FIXED_POINT:
        raise ValueError(
            f"bills of key accounts of {most_billed:.2g} million yuan are too large to be added up "
            "exactly"
        )


@inline
def monthly_bill(
    hosts: bool,
    log_units: float,
    elasticity: float,
    log_price_ratio: float,
    log_skill: float,
    unit_hours: float,
    unit_price: float,
) -> float:
    """Yuan a month of one enterprise at the list price; a client that hosts pays for its hours."""
    if hosts:
        wanted = log_units - elasticity * (log_price_ratio - log_skill)
        return exp(wanted) * unit_hours * unit_price
    return exp(log_units - elasticity * log_price_ratio) * unit_price


@kernel
def settle_auctions(
    order: Vector[np.int64],
    work: Vector[np.int64],
    offer: Matrix[np.int16],
    value: Matrix[np.float64],
    most_discount: Matrix[np.float64],
    most_credit: Matrix[np.float64],
    left: Vector[np.float64],
    committed: Vector[np.float64],
    commitment: Vector[np.float64],
    months: float,
    first_work: Vector[np.int64],
    client: Vector[np.int32],
    kind: Vector[np.int16],
    log_base: Vector[np.float32],
    log_skill: Vector[np.float64],
    cell: Vector[np.int32],
    weight: Vector[np.float32],
    alpha: Vector[np.float32],
    skill: Vector[np.float32],
    current: Vector[np.int16],
    counted: Vector[np.int16],
    second: Vector[np.int16],
    log_volume: Vector[np.float32],
    discount: Vector[np.float32],
    platform: Vector[np.int64],
    channel: Vector[np.int64],
    unit_price: Vector[np.float64],
    unit_hours: Vector[np.float64],
    host_cost: Vector[np.float64],
    operations: float,
    log_price_ratio: Vector[np.float64],
    elasticity: Vector[np.float64],
    log_growth: Vector[np.float64],
    hours_kind: Vector[np.bool_],
    welfare: Matrix[np.float64],
    box_cox: float,
    price_shift: float,
    mean_price_term: float,
    won: Vector[np.int64],
    poached: Vector[np.int64],
    list_bill: Vector[np.int64],
    discounted: Vector[np.int64],
    credited: Vector[np.int64],
    reviewed: Vector[np.int64],
    flow: Matrix[np.int64],
) -> float:
    """Settle and count each auction; what is conceded leaves the budgets in `left`.

    Commitments count other work of the client as last month was served, so that auctions of one
    month do not depend on each other but for budgets. Returns million yuan that no sum of bills or
    credits passes.
    """
    platforms = value.shape[1]
    none, nobody = len(platform) - 1, platforms - 2  # the platforms after the vendors' never bid
    bill, limit, extra = np.zeros(platforms), np.zeros(platforms), np.zeros(platforms)
    spent, commits, most_billed = np.zeros(platforms), False, 0.0
    for p in range(platforms):
        commits |= committed[p] > 0.0
    whole_worth = np.zeros((2, len(platform)))  # of the largest concession on each listed price
    for row in (OTHERS, OWN):
        for j in range(len(platform)):
            most = most_discount[row, platform[j]] + most_credit[row, platform[j]]
            if most > 0.0 and channel[j] != HOST:
                rents = channel[j] == RENT
                worth = worth_of(most, unit_price[j], 0.0, rents, box_cox, price_shift)
                whole_worth[row, j] = worth
    for x in range(len(order)):
        r = order[x]
        w = work[r]
        i, k, before = client[w], kind[w], current[w]
        served_by = platform[before] if before >= 0 else -1
        ability, sensitivity = np.float64(skill[i]), np.float64(alpha[i])
        volume = log_volume_of(np.float64(log_volume[w]), np.float64(log_base[w]), log_growth[k])
        if commits:
            spent[:] = 0.0
            for other in range(first_work[i], first_work[i + 1]):
                j = counted[other]
                if other == w or j < 0 or platform[j] >= nobody:
                    continue
                q = kind[other]
                spent[platform[j]] += YUAN * monthly_bill(
                    channel[j] == HOST,
                    np.float64(log_base[other]) + log_growth[q],
                    elasticity[q],
                    log_price_ratio[j],
                    log_skill[i],
                    unit_hours[j] / ability,
                    unit_price[j],
                )
            for p in range(platforms):
                extra[p] = committed[p] if spent[p] >= commitment[p] else 0.0
        winner, top, runner_up = 0, -np.inf, -np.inf
        for p in range(platforms):
            bill[p] = limit[p] = 0.0
            j, score = offer[r, p], value[r, p]
            if j < 0:
                continue
            row, hosts = OWN if p == served_by else OTHERS, channel[j] == HOST
            most = most_discount[row, p] + most_credit[row, p] + extra[p]
            if most > 0.0:
                each = monthly_bill(
                    hosts,
                    np.float64(log_base[w]) + log_growth[k],
                    elasticity[k],
                    log_price_ratio[j],
                    log_skill[i],
                    unit_hours[j] / ability,
                    unit_price[j],
                )
                bill[p] = each * np.float64(weight[i]) * YUAN
            if bill[p] > 0.0:
                limit[p] = min(most, left[p] / (bill[p] * months))
            if limit[p] == most and extra[p] == 0.0 and not hosts:
                score += sensitivity * whole_worth[row, j]
            elif limit[p] > 0.0:
                price, rest = unit_price[j], 0.0
                if hosts:
                    price, rest = host_cost[j] / ability, operations * exp(-volume)
                rents = channel[j] == RENT
                score += sensitivity * worth_of(limit[p], price, rest, rents, box_cox, price_shift)
            if score > top:
                winner, top, runner_up = p, score, top
            elif score > runner_up:
                runner_up = score
        j = offer[r, winner]
        share, utility = 0.0, value[r, winner]
        need = runner_up - utility
        if need > 0.0 and limit[winner] > 0.0:
            hosts, rents = channel[j] == HOST, channel[j] == RENT
            price, rest = unit_price[j], 0.0
            if hosts:
                price, rest = host_cost[j] / ability, operations * exp(-volume)
            share = share_of(need / sensitivity, price, rest, rents, box_cox, price_shift)
            share, utility = min(max(share, 0.0), limit[winner]), runner_up
        whole, off = np.int64(np.float64(weight[i]) * FIXED_POINT + 0.5), 0.0
        if share > 0.0:
            billed = bill[winner]
            left[winner] = max(0.0, left[winner] - billed * months * share)
            row = OWN if winner == served_by else OTHERS
            most_billed += billed * max(months, 1.0)
            off = min(share, most_discount[row, winner] + extra[winner])
            list_bill[winner] += np.int64(billed * FIXED_POINT + 0.5)
            discounted[winner] += np.int64(billed * off * FIXED_POINT + 0.5)
            credited[winner] += np.int64(billed * months * (share - off) * FIXED_POINT + 0.5)
        won[winner] += whole
        if 0 <= served_by < nobody and served_by != winner:
            poached[winner] += whole
        after, next_to_top = np.int64(none), -np.inf
        for p in range(platforms):
            if p != winner and offer[r, p] >= 0 and value[r, p] > next_to_top:
                after, next_to_top = np.int64(offer[r, p]), value[r, p]
        current[w], second[w], discount[w] = j, after, off
        if j == none:
            log_volume[w] = UNSET
        reviewed[0] += whole
        if not hours_kind[k]:
            surplus = (utility + welfare[cell[i], k]) / alpha[i] - mean_price_term
            reviewed[2] += whole
            reviewed[3] += np.int64(np.float64(weight[i]) * surplus * FIXED_POINT)
        if served_by >= 0 and served_by != winner:
            reviewed[1] += whole
            flow[served_by, winner] += whole
    return most_billed
