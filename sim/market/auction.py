"""Auctions of key accounts, compiled: who is under review, who wins, what the deals take off.

Second-score auction (Miller 2014, IJIO 37:201-208): a vendor's score is the client's utility of its
best offer at list price plus what its largest concession is worth; the highest score wins and
concedes what makes it as good as the second-best score. Utilities and draws are those of `choose`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.market.choice import due, value_block
from sim.market.columns import OFFER, UNSET, Array
from sim.market.compiled import inlined, kernel, step
from sim.market.consider import price_term
from sim.market.elementary import exp, ln
from sim.market.noise import event_state, person
from sim.market.packing import BLOCK
from sim.market.population import FIXED_POINT
from sim.market.world import HOST, RENT

YUAN = 1e-6  # million yuan
OTHERS, OWN = 0, 1  # rows of limits: accounts that a vendor does not serve, and those it serves


class Queue(NamedTuple):
    """Key-account workloads under review, in the order of storage."""

    client: Array  # (n,) int64
    work: Array  # (n,) int64
    slot: Array  # (n,) int64, place in the table of deals
    number: Array  # (n,) uint64, keyed: the order of the auctions


class Keys(NamedTuple):
    """Key accounts in the order of storage."""

    client: Array  # (n,) int64
    slot: Array  # (n + 1,) int64, first place of each in the table of deals


class Limits(NamedTuple):
    """How far each platform goes this month, (V + 2,) unless said otherwise."""

    discount: Array  # (2, V + 2) of the list bill
    credit: Array  # (2, V + 2)
    left: Array  # million yuan of the budget that no deal has taken yet
    unit_price: Array  # (J,) yuan per million tokens or card-hour
    months: float  # expected length of a contract


class Counts(NamedTuple):
    """Whole-number accumulators of a month, (V + 2,) unless said otherwise."""

    won: Array  # weight of auctions won
    poached: Array  # of these, workloads that another vendor served
    held: Array  # weight of key accounts with work on the platform
    bill: Array  # list bills of deals with a concession, million yuan a month
    off: Array  # discounts on these
    credit: Array  # credits, million yuan
    conceded: Array  # (J,) volume x discount of all running deals


class Room(NamedTuple):
    """The best offer of each platform in one auction, (V + 2,)."""

    offer: Array  # int64, -1 without one
    value: Array  # utility at list price
    bill: Array  # million yuan a month, all enterprises that the client stands for
    limit: Array  # largest concession, share of the bill


@kernel
def list_due(begin, end, keys, month, clients, state, terms, streams, packed, key, queue):  # type: ignore[no-untyped-def]
    """Put the workloads under review of key accounts begin to end into the queue, from their first
    slot on; returns how many there are."""
    first = keys.slot[begin]
    n = first
    for a in range(begin, end):
        i = keys.client[a]
        w0 = clients.first[i]
        for w in range(w0, clients.first[i + 1]):
            if not due(i, w, month, clients, state, terms, streams, packed):
                continue
            queue.client[n] = i
            queue.work[n] = w
            queue.slot[n] = keys.slot[a] + (w - w0)
            queue.number[n] = event_state(key, clients.client_id[i], clients.work_key[w], month)
            n += 1
    return n - first


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


@inlined
def price_of(i, w, j, clients, state, layout, terms, limits):  # type: ignore[no-untyped-def]
    """The part of the price that a discount lowers, and the part that it does not."""
    if layout.channel[j] != HOST:
        return limits.unit_price[j], 0.0
    volume = exp(-log_volume_of(i, w, clients.kind[w], clients, state, terms))
    return terms.host_cost[j] / np.float64(clients.skill[i]), terms.operations * volume


@inlined
def worth(share, alpha, price, fixed, rents, terms):  # type: ignore[no-untyped-def]
    """Utility of paying (1 - share) of the price: alpha (b(p) - b((1 - share) p))."""
    if rents:
        return -alpha * ln(1.0 - share)
    full = price_term(price + fixed, terms.price_shift, terms.box_cox)
    return alpha * (
        full - price_term(price * (1.0 - share) + fixed, terms.price_shift, terms.box_cox)
    )


@inlined
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
def value_queue(  # type: ignore[no-untyped-def]
    begin, n, month, order, queue, clients, state, layout, terms, streams, packed, scratch
):
    """Value n auctions of the queue from `begin` on together: no deal changes another's values."""
    client, work, client_id, work_key = (
        queue.client,
        queue.work,
        clients.client_id,
        clients.work_key,
    )
    for q in range(n):
        i, w = client[order[begin + q]], work[order[begin + q]]
        scratch.work[q], scratch.owner[q] = w, i
        scratch.who[q] = person(client_id[i], work_key[w])
    value_block(n, month, clients, state, layout, terms, streams, packed, scratch)


@step
def best_of_each(q, layout, room, scratch):  # type: ignore[no-untyped-def]
    """The best offer of each platform at list price, its shocks included, as `choose` has them."""
    offer, best = room.offer, room.value
    offer[:] = -1
    best[:] = -np.inf
    platform, found, value = layout.platform, scratch.found, scratch.value
    for x in range(scratch.first[q, 0], scratch.first[q, 2] + 1):
        j = found[x] >> OFFER
        p = platform[j]
        if value[x] > best[p]:
            offer[p], best[p] = j, value[x]


@step
def set_limits(i, w, served_by, clients, layout, terms, limits, room):  # type: ignore[no-untyped-def]
    """What each platform can concede here: its own limit, and what is left of its budget."""
    for p in range(layout.n_vendors + 2):
        room.limit[p], room.bill[p] = 0.0, 0.0
        row = OWN if p == served_by else OTHERS
        most = limits.discount[row, p] + limits.credit[row, p]
        if room.offer[p] < 0 or most <= 0.0:
            continue
        room.bill[p] = monthly_bill(i, w, room.offer[p], clients, layout, terms, limits)
        if room.bill[p] > 0.0:
            room.limit[p] = min(most, limits.left[p] / (room.bill[p] * limits.months))


@step
def settle_auction(i, w, clients, state, layout, terms, limits, room):  # type: ignore[no-untyped-def]
    """Winner, the share of the bill that it concedes, and the utility that the client gets."""
    alpha = np.float64(clients.alpha[i])
    winner, top, second = -1, -np.inf, -np.inf
    for p in range(layout.n_vendors + 2):
        j, score = room.offer[p], room.value[p]
        if j < 0:
            continue
        if room.limit[p] > 0.0:
            rents = layout.channel[j] == RENT
            price, fixed = price_of(i, w, j, clients, state, layout, terms, limits)
            score += worth(room.limit[p], alpha, price, fixed, rents, terms)
        if score > top:
            winner, top, second = p, score, top
        elif score > second:
            second = score
    j, need = room.offer[winner], second - room.value[winner]
    if need <= 0.0 or room.limit[winner] <= 0.0:
        return winner, 0.0, room.value[winner]
    price, fixed = price_of(i, w, j, clients, state, layout, terms, limits)
    share = share_worth(need, alpha, price, fixed, layout.channel[j] == RENT, terms)
    return winner, min(max(share, 0.0), room.limit[winner]), second


@step
def best_elsewhere(winner, layout, room):  # type: ignore[no-untyped-def]
    """The best offer on another platform at list price; postponing if there is none."""
    second, after = layout.none, -np.inf
    for p in range(layout.n_vendors + 1, -1, -1):
        if p != winner and room.offer[p] >= 0 and room.value[p] >= after:
            second, after = room.offer[p], room.value[p]
    return second


@kernel
def auction(  # type: ignore[no-untyped-def]
    month,
    order,
    queue,
    clients,
    state,
    layout,
    terms,
    streams,
    limits,
    discount,
    counts,
    tally,
    room,
    packed,
    scratch,
):
    """Auction the workloads of the queue one after the other in the given order."""
    for a in range(order.shape[0]):
        if a % BLOCK == 0:
            n = min(BLOCK, order.shape[0] - a)
            value_queue(
                a, n, month, order, queue, clients, state, layout, terms, streams, packed, scratch
            )
        i, w, slot = queue.client[order[a]], queue.work[order[a]], queue.slot[order[a]]
        j0, weight = state.current[w], np.float64(clients.weight[i])
        whole = np.int64(weight * FIXED_POINT + 0.5)
        served_by = layout.platform[j0] if j0 >= 0 else -1
        best_of_each(a % BLOCK, layout, room, scratch)
        set_limits(i, w, served_by, clients, layout, terms, limits, room)
        p, share, utility = settle_auction(i, w, clients, state, layout, terms, limits, room)
        row = OWN if p == served_by else OTHERS
        off = min(share, limits.discount[row, p])
        discount[slot] = off
        if share > 0.0:
            bill = room.bill[p]
            limits.left[p] = max(0.0, limits.left[p] - bill * limits.months * share)
            counts.bill[p] += np.int64(bill * FIXED_POINT + 0.5)
            counts.off[p] += np.int64(bill * off * FIXED_POINT + 0.5)
            credit = bill * limits.months * (share - off)
            counts.credit[p] += np.int64(credit * FIXED_POINT + 0.5)
        counts.won[p] += whole
        if 0 <= served_by < layout.n_vendors and served_by != p:
            counts.poached[p] += whole
        j = room.offer[p]
        state.current[w] = j
        state.second[w] = best_elsewhere(p, layout, room)
        if j == layout.none:
            state.log_volume[w] = UNSET
        tally.review[0] += whole
        k = clients.kind[w]
        if not terms.hours_kind[k]:
            gained = utility + terms.welfare[clients.cell[i], k]
            surplus = gained / clients.alpha[i] - terms.mean_price_term
            tally.review[2] += whole
            tally.review[3] += np.int64(weight * surplus * FIXED_POINT)
        if j0 >= 0 and served_by != p:
            tally.review[1] += whole
            tally.flow[served_by, p] += whole


@kernel
def running_deals(keys, clients, state, layout, terms, discount, counts):  # type: ignore[no-untyped-def]
    """Key accounts by platform, and the volume that running deals take the price off."""
    for a in range(keys.client.shape[0]):
        i, slot = keys.client[a], keys.slot[a] - 1
        visited = np.int64(0)
        for w in range(clients.first[i], clients.first[i + 1]):
            slot += 1
            j = state.current[w]
            if j < 0 or j == layout.none:
                continue
            visited |= np.int64(1) << layout.platform[j]
            if slot >= discount.shape[0] or discount[slot] <= 0.0:
                continue
            volume = exp(np.float64(state.log_volume[w])) * np.float64(clients.weight[i])
            if layout.channel[j] == HOST:
                volume *= terms.unit_hours[j] / np.float64(clients.skill[i])
            counts.conceded[j] += np.int64(volume * discount[slot] * FIXED_POINT + 0.5)
        weight = np.int64(np.float64(clients.weight[i]) * FIXED_POINT + 0.5)
        for p in range(layout.n_vendors + 1):
            if visited >> p & 1:
                counts.held[p] += weight
