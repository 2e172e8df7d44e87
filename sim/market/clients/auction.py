"""Auctions of key accounts, compiled: who wins, and what it concedes.

Second-score auction (Miller 2014, IJIO 37:201-208): a vendor's score is the client's utility of its
best offer at list price plus what its largest concession is worth; the highest score wins and
concedes what makes it as good as the second-best score. Utilities and draws are those of `choose`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.market.clients.accounts import OTHERS, OWN, Counts, Docket, Limits
from sim.market.clients.columns import (
    OFFER,
    PLATFORMS,
    UNSET,
    Array,
    Clients,
    Layout,
    State,
    Tally,
    Terms,
)
from sim.market.clients.consider import price_term
from sim.market.clients.noise import event_of
from sim.market.clients.population import FIXED_POINT
from sim.market.clients.threads import at_once
from sim.market.world import HOST, NONE, RENT
from sim.numeric.arrays import Vector
from sim.numeric.compiled import inlined, kernel, step
from sim.numeric.elementary import exp, ln

if TYPE_CHECKING:
    from sim.market.clients.packing import Workspace


YUAN = 1e-6  # million yuan


@step
def paid_less(share, price, fixed, rents, terms):  # type: ignore[no-untyped-def]
    """Utility of paying (1 - share) of a price at sensitivity 1: b(p) - b((1 - share) p)."""
    if rents:
        return -ln(1.0 - share)
    full = price_term(price + fixed, terms.price_shift, terms.box_cox)
    return full - price_term(price * (1.0 - share) + fixed, terms.price_shift, terms.box_cox)


@step
def share_worth(utility, alpha, price, fixed, rents, terms):  # type: ignore[no-untyped-def]
    """The share of the price that is worth so much: `paid_less` solved for the share."""
    if rents:
        return 1.0 - exp(-utility / alpha)
    term = price_term(price + fixed, terms.price_shift, terms.box_cox) - utility / alpha
    if terms.box_cox == 0.0:
        net = exp(term)
    elif terms.box_cox == 1.0:
        net = term
    else:
        net = exp(ln(terms.box_cox * term + 1.0) / terms.box_cox)
    return 1.0 - (net - terms.price_shift - fixed) / price


@kernel
def start_auctions(
    layout: Layout,
    terms: Terms,
    limits: Limits,
) -> None:
    """Who bids this month, list prices, and what the largest concessions are worth."""
    limits.number = 0
    for p in range(len(limits.bidders)):
        for row in (OTHERS, OWN):
            limits.most[row, p] = limits.discount[row, p] + limits.credit[row, p]
        limits.bidders[limits.number] = p
        limits.number += 1 if max(limits.most[OTHERS, p], limits.most[OWN, p]) > 0.0 else 0
    for j in range(len(limits.unit_price)):
        channel, price = layout.channel[j], terms.unit_price[j]
        limits.unit_price[j] = price
        for row in (OTHERS, OWN):
            share = limits.most[row, layout.platform[j]]
            if share > 0.0 and (channel != HOST and channel != NONE):
                limits.gain[row, j] = paid_less(share, price, 0.0, channel == RENT, terms)


@inlined
def log_volume_of(w, k, clients, state, terms):  # type: ignore[no-untyped-def]
    """Log volume now, or as it would start."""
    lv = np.float64(state.log_volume[w])
    if lv <= UNSET * 0.5:
        lv = np.float64(clients.log_base[w]) + terms.log_growth[k]
    return lv


@inlined
def monthly_bill(i, w, j, clients, layout, terms, limits):  # type: ignore[no-untyped-def]
    """List bill of offer j at the volume wanted there, million yuan."""
    k = clients.kind[w]
    ratio = terms.log_price_ratio[j]
    units = 1.0
    if layout.channel[j] == HOST:
        ratio -= ln(np.float64(clients.skill[i]))
        units = terms.unit_hours[j] / np.float64(clients.skill[i])
    wanted = np.float64(clients.log_base[w]) + terms.log_growth[k] - terms.elasticity[k] * ratio
    return exp(wanted) * units * limits.unit_price[j] * np.float64(clients.weight[i]) * YUAN


@step
def price_of(i, w, j, clients, state, layout, terms, limits):  # type: ignore[no-untyped-def]
    """The part of the price that a discount lowers, and the part that it does not."""
    if layout.channel[j] != HOST:
        return limits.unit_price[j], 0.0
    volume = exp(-log_volume_of(w, clients.kind[w], clients, state, terms))
    return terms.host_cost[j] / np.float64(clients.skill[i]), terms.operations * volume


@inlined
def row_of(p, r, docket):  # type: ignore[no-untyped-def]
    """Row of the limits of a platform: whether it serves the workload now."""
    return OWN if docket.served_by[r] == p else OTHERS


@step
def set_bills(i, w, r, clients, layout, terms, docket):  # type: ignore[no-untyped-def]
    """What each bidder would bill for its best offer."""
    limits = docket.limits
    for x in range(limits.number):
        p = limits.bidders[x]
        j, bill = docket.offer[r, p], 0.0
        if j >= 0 and limits.most[row_of(p, r, docket), p] > 0.0:
            bill = monthly_bill(i, w, j, clients, layout, terms, limits)
        docket.bill[r, p] = bill


@step
def set_limits(r, docket):  # type: ignore[no-untyped-def]
    """What each bidder can concede here: its own limit, and what is left of its budget. Returns
    whether any of that is news."""
    limits, changed = docket.limits, False
    for x in range(limits.number):
        p = limits.bidders[x]
        bill, limit = docket.bill[r, p], 0.0
        if bill > 0.0:
            most = limits.most[row_of(p, r, docket), p]
            limit = min(most, limits.left[p] / (bill * limits.months))
        changed |= limit != docket.limit[r, p]
        docket.limit[r, p] = limit
    return changed


@step
def concession(i, w, r, p, clients, state, layout, terms, docket):  # type: ignore[no-untyped-def]
    """What the largest concession of platform p is worth, at price sensitivity 1."""
    limits, j = docket.limits, docket.offer[r, p]
    share, row = docket.limit[r, p], row_of(p, r, docket)
    if share == limits.most[row, p] and layout.channel[j] != HOST:
        return limits.gain[row, j]
    price, fixed = price_of(i, w, j, clients, state, layout, terms, limits)
    return paid_less(share, price, fixed, layout.channel[j] == RENT, terms)


@step
def settle_auction(i, w, r, clients, state, layout, terms, docket):  # type: ignore[no-untyped-def]
    """Winner, the share of the bill that it concedes, and the utility that the client gets."""
    alpha = np.float64(docket.alpha[r])
    winner, top, second = 0, -np.inf, -np.inf
    for p in range(layout.n_vendors + 2):
        if docket.offer[r, p] < 0:
            continue
        score = docket.value[r, p]
        if docket.limit[r, p] > 0.0:
            score += alpha * concession(i, w, r, p, clients, state, layout, terms, docket)
        if score > top:
            winner, top, second = p, score, top
        elif score > second:
            second = score
    j, value = docket.offer[r, winner], docket.value[r, winner]
    share, utility, need = 0.0, value, second - value
    if need > 0.0 and docket.limit[r, winner] > 0.0:
        price, fixed = price_of(i, w, j, clients, state, layout, terms, docket.limits)
        share = share_worth(need, alpha, price, fixed, layout.channel[j] == RENT, terms)
        share, utility = min(max(share, 0.0), docket.limit[r, winner]), second
    docket.winner[r], docket.share[r], docket.utility[r] = winner, share, utility


@step
def enter_auctions(n, month, stream, clients, state, layout, terms, scratch, docket):  # type: ignore[no-untyped-def]
    """Write down those of a valued block that are auctioned, with the best offer of each platform
    at list price, and settle each as if it were the next."""
    found, value = scratch.found, scratch.value
    for q in range(n):
        if not scratch.waits[q]:
            continue
        i, w, r = scratch.owner[q], scratch.work[q], scratch.place
        j0 = state.current[w]
        docket.work[r], docket.number[r] = w, event_of(stream, scratch.who[q], month)
        docket.alpha[r], docket.weight[r] = clients.alpha[i], clients.weight[i]
        docket.served_by[r] = layout.platform[j0] if j0 >= 0 else -1
        offer, best = docket.offer[r], docket.value[r]
        offer[:] = -1
        best[:] = -np.inf
        for x in range(scratch.first[q, 0], scratch.first[q, 2] + 1):
            p = found[x] & PLATFORMS
            if value[x] > best[p]:
                offer[p], best[p] = found[x] >> OFFER, value[x]
        docket.limit[r] = 0.0
        set_bills(i, w, r, clients, layout, terms, docket)
        set_limits(r, docket)
        settle_auction(i, w, r, clients, state, layout, terms, docket)
        scratch.place += 1


@kernel
def spend(
    order: Vector[np.int64],
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    docket: Docket,
) -> None:
    """Take what is conceded off the budgets, auction by auction; those for which budgets have
    changed are settled anew."""
    limits = docket.limits
    for rank in range(len(order)):
        r = order[rank]
        if set_limits(r, docket):
            w = docket.work[r]
            settle_auction(np.int64(clients.client[w]), w, r, clients, state, layout, terms, docket)
        if docket.share[r] > 0.0:
            p = docket.winner[r]
            spent = docket.bill[r, p] * limits.months * docket.share[r]
            limits.left[p] = max(0.0, limits.left[p] - spent)


@step
def best_elsewhere(winner, r, layout, docket):  # type: ignore[no-untyped-def]
    """The best offer on another platform at list price; postponing if there is none."""
    second, after = np.int64(layout.none), -np.inf
    for p in range(layout.n_vendors + 1, -1, -1):
        if p != winner and docket.offer[r, p] >= 0 and docket.value[r, p] >= after:
            second, after = np.int64(docket.offer[r, p]), docket.value[r, p]
    return second


@kernel
def record_range(
    begin: int,
    end: int,
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    docket: Docket,
    discount: Vector[np.float32],
    counts: Counts,
    tally: Tally,
) -> None:
    """Write the deals of auctions begin to end down and count them."""
    kinds, limits = len(terms.hours_kind), docket.limits
    for r in range(begin, end):
        p, share, served_by = docket.winner[r], docket.share[r], docket.served_by[r]
        w, j, weight = docket.work[r], docket.offer[r, p], np.float64(docket.weight[r])
        off, whole = 0.0, np.int64(weight * FIXED_POINT + 0.5)
        if share > 0.0:
            bill = docket.bill[r, p]
            off = min(share, limits.discount[row_of(np.int64(p), r, docket), p])
            counts.bill[p] += np.int64(bill * FIXED_POINT + 0.5)
            counts.off[p] += np.int64(bill * off * FIXED_POINT + 0.5)
            credit = bill * limits.months * (share - off)
            counts.credit[p] += np.int64(credit * FIXED_POINT + 0.5)
        discount[w] = off
        counts.won[p] += whole
        if 0 <= served_by < layout.n_vendors and served_by != p:
            counts.poached[p] += whole
        state.current[w] = j
        state.second[w] = best_elsewhere(p, r, layout, docket)
        if j == layout.none:
            state.log_volume[w] = UNSET
        tally.review[0] += whole
        cell, k = divmod(np.int64(clients.row[w]), kinds)
        if not terms.hours_kind[k]:
            gained = docket.utility[r] + terms.welfare[cell, k]
            surplus = gained / docket.alpha[r] - terms.mean_price_term
            tally.review[2] += whole
            tally.review[3] += np.int64(weight * surplus * FIXED_POINT)
        if served_by >= 0 and served_by != p:
            tally.review[1] += whole
            tally.flow[served_by, p] += whole


def auction(
    stretches: Sequence[tuple[int, int]],
    order: Array,
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    docket: Docket,
    discount: Array,
    spaces: list[Workspace],
) -> None:
    """Auction the workloads of the docket, which fill the given stretches, one after the other in
    the given order.

    Only budgets depend on the order: threads share what comes after them.
    """

    def record(p: int) -> None:
        counts, tally = spaces[p].counts, spaces[p].tally
        for array in (tally.flow, tally.review, *counts) if p > 0 else ():
            array.fill(0)
        begin, end = stretches[p]
        record_range(begin, end, clients, state, layout, terms, docket, discount, counts, tally)

    spend(order, clients, state, layout, terms, docket)
    at_once(record, len(spaces))
    for space in spaces[1:]:
        spaces[0].tally.flow[:] += space.tally.flow
        spaces[0].tally.review[:] += space.tally.review
        for total, more in zip(spaces[0].counts, space.counts, strict=True):
            total += more
