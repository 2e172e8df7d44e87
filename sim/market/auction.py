"""Auctions of key accounts, compiled: who wins, and what it concedes.

Second-score auction (Miller 2014, IJIO 37:201-208): a vendor's score is the client's utility of its
best offer at list price plus what its largest concession is worth; the highest score wins and
concedes what makes it as good as the second-best score. Utilities and draws are those of `choose`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.choice import value_block
from sim.market.columns import OFFER, PLATFORMS, UNSET, Array
from sim.market.consider import price_term
from sim.market.packing import BLOCK
from sim.market.population import FIXED_POINT
from sim.market.prices import unit_price
from sim.market.threads import over_ranges
from sim.market.world import HOST, RENT
from sim.numeric.bundle import Bundle
from sim.numeric.compiled import inlined, kernel, step
from sim.numeric.elementary import exp, ln

if TYPE_CHECKING:
    from sim.market.columns import Clients, Layout, State, Streams, Tally, Terms
    from sim.market.key_accounts import Counts, Keys, Queue
    from sim.market.packing import Workspace

YUAN = 1e-6  # million yuan
OTHERS, OWN = 0, 1  # rows of limits: accounts that a vendor does not serve, and those it serves


class Limits(Bundle):
    """How far each platform goes this month, (V + 2,) unless said otherwise."""

    discount: Array  # (2, V + 2) of the list bill
    credit: Array  # (2, V + 2)
    left: Array  # million yuan of the budget that no deal has taken yet
    bidders: Array  # (V + 2,) int64, platforms that may concede anything come first
    unit_price: Array  # (J,) yuan per million tokens or card-hour
    months: float  # expected length of a contract
    number: int  # of bidders


class Room(Bundle):
    """Auctions of a month in the order of storage: (n,), or (n, V + 2) by platform."""

    offer: Array  # int16, best of each platform, -1 without one
    value: Array  # its utility at list price
    bill: Array  # million yuan a month, all enterprises that the client stands for; 0 without a bid
    limit: Array  # largest concession, share of the bill
    served_by: Array  # int16 platform until now, -1 before the first
    winner: Array  # int16
    share: Array  # of the bill that the winner concedes
    utility: Array  # that the client gets
    alpha: Array  # float32, price sensitivity of the client
    weight: Array  # float32


def new_limits(platforms: int, offers: int, months: float) -> Limits:
    """Nobody concedes anything."""
    return Limits(
        discount=np.zeros((2, platforms)),
        credit=np.zeros((2, platforms)),
        left=np.zeros(platforms),
        bidders=np.zeros(platforms, np.int64),
        unit_price=np.zeros(offers),
        months=months,
        number=0,
    )


def new_room(auctions: int, platforms: int) -> Room:
    """Room for so many auctions; what is not used takes no memory."""
    n, shape = auctions, (auctions, platforms)
    return Room(
        offer=np.zeros(shape, np.int16),
        value=np.zeros(shape),
        bill=np.zeros(shape),
        limit=np.zeros(shape),
        served_by=np.zeros(n, np.int16),
        winner=np.zeros(n, np.int16),
        share=np.zeros(n),
        utility=np.zeros(n),
        alpha=np.zeros(n, np.float32),
        weight=np.zeros(n, np.float32),
    )


@kernel
def start_auctions(card_hours, layout, state, limits):  # type: ignore[no-untyped-def]
    """List prices of the month, and who bids."""
    for j in range(len(limits.unit_price)):
        limits.unit_price[j] = unit_price(j, card_hours, layout, state)
    n = 0
    for p in range(len(limits.bidders)):
        most = 0.0
        for row in (OTHERS, OWN):
            most = max(most, limits.discount[row, p] + limits.credit[row, p])
        limits.bidders[n] = p
        n += 1 if most > 0.0 else 0
    limits.number = n


@inlined
def log_volume_of(i, w, k, clients, state, terms):  # type: ignore[no-untyped-def]
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
    volume = exp(-log_volume_of(i, w, clients.kind[w], clients, state, terms))
    return terms.host_cost[j] / np.float64(clients.skill[i]), terms.operations * volume


@step
def worth(share, alpha, price, fixed, rents, terms):  # type: ignore[no-untyped-def]
    """Utility of paying (1 - share) of the price: alpha (b(p) - b((1 - share) p))."""
    if rents:
        return -alpha * ln(1.0 - share)
    full = price_term(price + fixed, terms.price_shift, terms.box_cox)
    return alpha * (
        full - price_term(price * (1.0 - share) + fixed, terms.price_shift, terms.box_cox)
    )


@step
def share_worth(utility, alpha, price, fixed, rents, terms):  # type: ignore[no-untyped-def]
    """The share of the price that is worth so much: `worth` solved for the share."""
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


@step
def enter_auction(q, r, clients, state, layout, scratch, room):  # type: ignore[no-untyped-def]
    """Write down who asks, and the best offer of each platform at list price, its shocks included,
    as `choose` has them."""
    i, j0, platform = scratch.owner[q], state.current[scratch.work[q]], layout.platform
    room.alpha[r], room.weight[r] = clients.alpha[i], clients.weight[i]
    room.served_by[r] = platform[j0] if j0 >= 0 else -1
    offer, best, found, value = room.offer[r], room.value[r], scratch.found, scratch.value
    offer[:] = -1
    best[:] = -np.inf
    for x in range(scratch.first[q, 0], scratch.first[q, 2] + 1):
        p = found[x] & PLATFORMS
        if value[x] > best[p]:
            offer[p], best[p] = found[x] >> OFFER, value[x]


@inlined
def row_of(p, r, room):  # type: ignore[no-untyped-def]
    """Row of the limits of a platform: whether it serves the workload now."""
    return OWN if room.served_by[r] == p else OTHERS


@step
def set_bills(i, w, r, clients, layout, terms, limits, room):  # type: ignore[no-untyped-def]
    """What each bidder would bill for its best offer."""
    room.limit[r] = 0.0
    for x in range(limits.number):
        p = limits.bidders[x]
        row, j = row_of(p, r, room), room.offer[r, p]
        room.bill[r, p] = 0.0
        if j >= 0 and limits.discount[row, p] + limits.credit[row, p] > 0.0:
            room.bill[r, p] = monthly_bill(i, w, j, clients, layout, terms, limits)


@step
def set_limits(r, limits, room):  # type: ignore[no-untyped-def]
    """What each bidder can concede here: its own limit, and what is left of its budget. Returns
    whether any of that is news."""
    changed = False
    for x in range(limits.number):
        p = limits.bidders[x]
        bill = room.bill[r, p]
        if bill > 0.0:
            row = row_of(p, r, room)
            most = limits.discount[row, p] + limits.credit[row, p]
            limit = min(most, limits.left[p] / (bill * limits.months))
            changed |= limit != room.limit[r, p]
            room.limit[r, p] = limit
    return changed


@step
def settle_auction(i, w, r, clients, state, layout, terms, limits, room):  # type: ignore[no-untyped-def]
    """Winner, the share of the bill that it concedes, and the utility that the client gets."""
    alpha = np.float64(room.alpha[r])
    winner, top, second = 0, -np.inf, -np.inf
    for p in range(layout.n_vendors + 2):
        j, score = room.offer[r, p], room.value[r, p]
        if j < 0:
            continue
        if room.limit[r, p] > 0.0:
            rents = layout.channel[j] == RENT
            price, fixed = price_of(i, w, j, clients, state, layout, terms, limits)
            score += worth(room.limit[r, p], alpha, price, fixed, rents, terms)
        if score > top:
            winner, top, second = p, score, top
        elif score > second:
            second = score
    j, need = room.offer[r, winner], second - room.value[r, winner]
    room.winner[r], room.share[r], room.utility[r] = winner, 0.0, room.value[r, winner]
    if need > 0.0 and room.limit[r, winner] > 0.0:
        price, fixed = price_of(i, w, j, clients, state, layout, terms, limits)
        share = share_worth(need, alpha, price, fixed, layout.channel[j] == RENT, terms)
        room.share[r], room.utility[r] = min(max(share, 0.0), room.limit[r, winner]), second


@step
def best_elsewhere(winner, r, layout, room):  # type: ignore[no-untyped-def]
    """The best offer on another platform at list price; postponing if there is none."""
    second, after = np.int64(layout.none), -np.inf
    for p in range(layout.n_vendors + 1, -1, -1):
        if p != winner and room.offer[r, p] >= 0 and room.value[r, p] >= after:
            second, after = np.int64(room.offer[r, p]), room.value[r, p]
    return second


@kernel
def value_range(  # type: ignore[no-untyped-def]
    begin, end, month, keys, queue, clients, state, layout, terms, streams, limits, room, space
):
    """Bids in auctions begin to end, each settled as if it were the next."""
    packed, scratch, client = space.packed, space.scratch, clients.client
    for b in range(begin, end, BLOCK):
        n = min(BLOCK, end - b)
        for q in range(n):
            slot = queue.slot[b + q]
            w = keys.work[slot]
            scratch.work[q], scratch.owner[q], scratch.who[q] = w, client[w], keys.who[slot]
        value_block(n, month, clients, state, layout, terms, streams, packed, scratch)
        for q in range(n):
            i, w = scratch.owner[q], scratch.work[q]
            enter_auction(q, b + q, clients, state, layout, scratch, room)
            set_bills(i, w, b + q, clients, layout, terms, limits, room)
            set_limits(b + q, limits, room)
            settle_auction(i, w, b + q, clients, state, layout, terms, limits, room)


@kernel
def spend(order, keys, queue, clients, state, layout, terms, limits, room):  # type: ignore[no-untyped-def]
    """Take what is conceded off the budgets, auction by auction; those for which budgets have
    changed are settled anew."""
    for rank in range(len(order)):
        r = order[rank]
        if set_limits(r, limits, room):
            w = keys.work[queue.slot[r]]
            settle_auction(clients.client[w], w, r, clients, state, layout, terms, limits, room)
        if room.share[r] > 0.0:
            p = room.winner[r]
            spent = room.bill[r, p] * limits.months * room.share[r]
            limits.left[p] = max(0.0, limits.left[p] - spent)


@kernel
def record_range(  # type: ignore[no-untyped-def]
    begin, end, keys, queue, clients, state, layout, terms, limits, discount, room, counts, tally
):
    """Write the deals of auctions begin to end down and count them."""
    kinds = len(terms.hours_kind)
    for r in range(begin, end):
        slot, p, share, served_by = queue.slot[r], room.winner[r], room.share[r], room.served_by[r]
        w, j, weight = keys.work[slot], room.offer[r, p], np.float64(room.weight[r])
        off, whole = 0.0, np.int64(weight * FIXED_POINT + 0.5)
        if share > 0.0:
            bill = room.bill[r, p]
            off = min(share, limits.discount[row_of(p, r, room), p])
            counts.bill[p] += np.int64(bill * FIXED_POINT + 0.5)
            counts.off[p] += np.int64(bill * off * FIXED_POINT + 0.5)
            credit = bill * limits.months * (share - off)
            counts.credit[p] += np.int64(credit * FIXED_POINT + 0.5)
        discount[slot] = off
        counts.won[p] += whole
        if 0 <= served_by < layout.n_vendors and served_by != p:
            counts.poached[p] += whole
        state.current[w] = j
        state.second[w] = best_elsewhere(p, r, layout, room)
        if j == layout.none:
            state.log_volume[w] = UNSET
        tally.review[0] += whole
        cell, k = divmod(np.int64(clients.row[w]), kinds)
        if not terms.hours_kind[k]:
            gained = room.utility[r] + terms.welfare[cell, k]
            surplus = gained / room.alpha[r] - terms.mean_price_term
            tally.review[2] += whole
            tally.review[3] += np.int64(weight * surplus * FIXED_POINT)
        if served_by >= 0 and served_by != p:
            tally.review[1] += whole
            tally.flow[served_by, p] += whole


def auction(
    month: int,
    order: Array,
    keys: Keys,
    queue: Queue,
    clients: Clients,
    state: State,
    layout: Layout,
    terms: Terms,
    streams: Streams,
    limits: Limits,
    discount: Array,
    room: Room,
    counts: Counts,
    tally: Tally,
    spaces: list[Workspace],
) -> None:
    """Auction the workloads of the queue one after the other in the given order.

    Only budgets depend on the order: threads share what goes before and after them.
    """
    market = keys, queue, clients, state, layout, terms
    alone = len(spaces) == 1  # counts into `counts` and `tally` themselves

    def value(p: int, begin: int, end: int) -> None:
        value_range(begin, end, month, *market, streams, limits, room, spaces[p])

    def record(p: int, begin: int, end: int) -> None:
        own, to = (counts, tally) if alone else (spaces[p].counts, spaces[p].tally)
        for array in () if alone else (to.flow, to.review, *own):
            array.fill(0)
        record_range(begin, end, *market, limits, discount, room, own, to)

    over_ranges(len(order), len(spaces), value)
    spend(order, *market, limits, room)
    over_ranges(len(order), len(spaces), record)
    for space in () if alone else spaces:
        tally.flow[:] += space.tally.flow
        tally.review[:] += space.tally.review
        for total, more in zip(counts, space.counts, strict=True):
            total += more
