"""Auctions of key accounts, compiled: who wins, and what it concedes.

Second-score auction (Miller 2014, IJIO 37:201-208): a vendor's score is the client's utility of its
best offer at list price plus what its largest concession is worth; the highest score wins and
concedes what makes it as good as the second-best score. Utilities and draws are those of `choose`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.market.choice import value_block
from sim.market.columns import OFFER, UNSET, Array
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
BATCH = 2**14  # auctions that are held together
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
    """Auctions of one batch in their order: (n,), or (n, V + 2) by platform."""

    offer: Array  # best of each platform, int64, -1 without one
    value: Array  # its utility at list price
    bill: Array  # million yuan a month, all enterprises that the client stands for; 0 without a bid
    limit: Array  # largest concession, share of the bill
    winner: Array  # int64
    share: Array  # of the bill that the winner concedes
    utility: Array  # that the client gets


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
    """Room for the largest batch of so many auctions."""
    n = min(auctions, BATCH)
    shape = n, platforms
    return Room(
        offer=np.zeros(shape, np.int64),
        value=np.zeros(shape),
        bill=np.zeros(shape),
        limit=np.zeros(shape),
        winner=np.zeros(n, np.int64),
        share=np.zeros(n),
        utility=np.zeros(n),
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
def best_of_each(q, layout, offer, best, scratch):  # type: ignore[no-untyped-def]
    """The best offer of each platform at list price, its shocks included, as `choose` has them."""
    offer[:] = -1
    best[:] = -np.inf
    platform, found, value = layout.platform, scratch.found, scratch.value
    for x in range(scratch.first[q, 0], scratch.first[q, 2] + 1):
        j = found[x] >> OFFER
        p = platform[j]
        if value[x] > best[p]:
            offer[p], best[p] = j, value[x]


@inlined
def row_of(p, w, layout, state):  # type: ignore[no-untyped-def]
    """Row of the limits of a platform: whether it serves the workload now."""
    j0 = state.current[w]
    return OWN if j0 >= 0 and layout.platform[j0] == p else OTHERS


@step
def set_bills(i, w, r, clients, state, layout, terms, limits, room):  # type: ignore[no-untyped-def]
    """What each bidder would bill for its best offer."""
    room.bill[r] = 0.0
    room.limit[r] = 0.0
    for x in range(limits.number):
        p = limits.bidders[x]
        row = row_of(p, w, layout, state)
        if room.offer[r, p] >= 0 and limits.discount[row, p] + limits.credit[row, p] > 0.0:
            j = room.offer[r, p]
            room.bill[r, p] = monthly_bill(i, w, j, clients, layout, terms, limits)


@step
def set_limits(w, r, state, layout, limits, room):  # type: ignore[no-untyped-def]
    """What each bidder can concede here: its own limit, and what is left of its budget. Returns
    whether any of that is news."""
    changed = False
    for x in range(limits.number):
        p = limits.bidders[x]
        bill = room.bill[r, p]
        if bill > 0.0:
            row = row_of(p, w, layout, state)
            most = limits.discount[row, p] + limits.credit[row, p]
            limit = min(most, limits.left[p] / (bill * limits.months))
            changed |= limit != room.limit[r, p]
            room.limit[r, p] = limit
    return changed


@step
def settle_auction(i, w, r, clients, state, layout, terms, limits, room):  # type: ignore[no-untyped-def]
    """Winner, the share of the bill that it concedes, and the utility that the client gets."""
    alpha = np.float64(clients.alpha[i])
    winner, top, second = -1, -np.inf, -np.inf
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
    second, after = layout.none, -np.inf
    for p in range(layout.n_vendors + 1, -1, -1):
        if p != winner and room.offer[r, p] >= 0 and room.value[r, p] >= after:
            second, after = room.offer[r, p], room.value[r, p]
    return second


@kernel
def value_range(  # type: ignore[no-untyped-def]
    begin, end, month, batch, keys, queue, clients, state, layout, terms, streams, limits, room,
    space,
):  # fmt: skip
    """Bids in auctions of the batch, begin to end in the order of storage, each settled as if it
    were the next."""
    places, order = batch
    packed, scratch, client = space.packed, space.scratch, clients.client
    for b in range(begin, end, BLOCK):
        n = min(BLOCK, end - b)
        for q in range(n):
            slot = queue.slot[order[places[b + q]]]
            w = keys.work[slot]
            scratch.work[q], scratch.owner[q], scratch.who[q] = w, client[w], keys.who[slot]
        value_block(n, month, clients, state, layout, terms, streams, packed, scratch)
        for q in range(n):
            r, i, w = places[b + q], scratch.owner[q], scratch.work[q]
            best_of_each(q, layout, room.offer[r], room.value[r], scratch)
            set_bills(i, w, r, clients, state, layout, terms, limits, room)
            set_limits(w, r, state, layout, limits, room)
            settle_auction(i, w, r, clients, state, layout, terms, limits, room)


@kernel
def spend(order, keys, queue, clients, state, layout, terms, limits, room):  # type: ignore[no-untyped-def]
    """Take what is conceded off the budgets, auction by auction; those for which budgets have
    changed are settled anew."""
    for r in range(len(order)):
        w = keys.work[queue.slot[order[r]]]
        if set_limits(w, r, state, layout, limits, room):
            settle_auction(clients.client[w], w, r, clients, state, layout, terms, limits, room)
        p = room.winner[r]
        if room.share[r] > 0.0:
            spent = room.bill[r, p] * limits.months * room.share[r]
            limits.left[p] = max(0.0, limits.left[p] - spent)


@kernel
def record_range(  # type: ignore[no-untyped-def]
    begin, end, batch, keys, queue, clients, state, layout, terms, limits, discount, room, counts,
    tally,
):  # fmt: skip
    """Write the deals of the batch down and count them."""
    places, order = batch
    for b in range(begin, end):
        r = places[b]
        slot = queue.slot[order[r]]
        w = keys.work[slot]
        i, j0 = clients.client[w], state.current[w]
        weight = np.float64(clients.weight[i])
        whole = np.int64(weight * FIXED_POINT + 0.5)
        served_by = layout.platform[j0] if j0 >= 0 else -1
        p, share = room.winner[r], room.share[r]
        off = min(share, limits.discount[row_of(p, w, layout, state), p])
        discount[slot] = off
        if share > 0.0:
            bill = room.bill[r, p]
            counts.bill[p] += np.int64(bill * FIXED_POINT + 0.5)
            counts.off[p] += np.int64(bill * off * FIXED_POINT + 0.5)
            credit = bill * limits.months * (share - off)
            counts.credit[p] += np.int64(credit * FIXED_POINT + 0.5)
        counts.won[p] += whole
        if 0 <= served_by < layout.n_vendors and served_by != p:
            counts.poached[p] += whole
        j = room.offer[r, p]
        state.current[w] = j
        state.second[w] = best_elsewhere(p, r, layout, room)
        if j == layout.none:
            state.log_volume[w] = UNSET
        tally.review[0] += whole
        k = clients.kind[w]
        if not terms.hours_kind[k]:
            gained = room.utility[r] + terms.welfare[clients.cell[i], k]
            surplus = gained / clients.alpha[i] - terms.mean_price_term
            tally.review[2] += whole
            tally.review[3] += np.int64(weight * surplus * FIXED_POINT)
        if j0 >= 0 and served_by != p:
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
    for space in () if alone else spaces:
        for array in (space.tally.flow, space.tally.review, *space.counts):
            array.fill(0)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    for begin in range(0, len(order), BATCH):
        ranks = order[begin : begin + BATCH]
        inside = rank[(rank >= begin) & (rank < begin + BATCH)] - begin  # in the order of storage
        batch = inside, ranks

        def value(p: int, first: int, last: int, batch: tuple[Array, Array] = batch) -> None:
            value_range(first, last, month, batch, *market, streams, limits, room, spaces[p])

        def record(p: int, first: int, last: int, batch: tuple[Array, Array] = batch) -> None:
            own = (counts, tally) if alone else (spaces[p].counts, spaces[p].tally)
            record_range(first, last, batch, *market, limits, discount, room, *own)

        over_ranges(len(ranks), len(spaces), value)
        spend(ranks, *market, limits, room)
        over_ranges(len(ranks), len(spaces), record)
    for space in () if alone else spaces:
        tally.flow[:] += space.tally.flow
        tally.review[:] += space.tally.review
        for total, own in zip(counts, space.counts, strict=True):
            total += own
