"""What platforms serve of what is asked, compiled: rationing pro rata, and second choices.

The laws are `served_fraction` and `cards_of_offers`; sums go over offers one after the other.
"""

from __future__ import annotations

import numpy as np

from sim.market.population import FIXED_POINT
from sim.market.world import RENT
from sim.numeric.compiled import inlined, step
from sim.numeric.elementary import ln


@inlined
def served_part(asked, there):  # type: ignore[no-untyped-def]
    """Pro-rata rationing of one platform."""
    return max(there / asked, 0.0) if asked > there else 1.0


@step
def add_up(  # type: ignore[no-untyped-def]
    counted, hours, by_cell, by_kind, all_kinds, demanded, host_hours
):
    """Whole-number counts (cells, K, J) and (J,) as volumes, and their sums by kind and by cell;
    returns the least count, and the sum of all."""
    cells, kinds, offers = counted.shape
    least, total, all_hours = np.int64(0), 0.0, 0.0
    by_kind[:] = 0.0
    all_kinds[:] = 0.0
    for c in range(cells):
        for k in range(kinds):
            for j in range(offers):
                by_cell[c, k, j] = counted[c, k, j] / FIXED_POINT
            for j in range(offers):
                by_kind[k, j] += by_cell[c, k, j]
                all_kinds[c, j] += by_cell[c, k, j]
    for j in range(offers):
        least = min(least, hours[j])
        all_hours += hours[j]
        host_hours[j] = hours[j] / FIXED_POINT
        summed = np.int64(0)
        for c in range(cells):
            for k in range(kinds):
                count = counted[c, k, j]
                least = min(least, count)
                total += count
                summed += count
        demanded[j] = summed / FIXED_POINT
    return least, max(total, all_hours)


@step
def fill_cards(volume, hours, per_token, card_hours, layout, cards):  # type: ignore[no-untyped-def]
    """(J,) card-months of volumes: tokens of model calls, `hours` of HOST, own volumes of RENT."""
    cards[:] = 0.0
    for j in range(layout.n_api):
        cards[j] = volume[j] * per_token[j]
    for j in range(layout.host_start, layout.rent_start):
        if layout.platform[j] < layout.n_vendors:
            cards[j] = hours[j] / card_hours
    for j in range(layout.rent_start, layout.none):
        cards[j] = volume[j] / card_hours


@step
def fill_trends(load, room, before, memory, trend, used):  # type: ignore[no-untyped-def]
    """(V,) log growth of the load as each vendor remembers it (in place), and the part in use."""
    for v in range(load.shape[0]):
        asked = load[v] > 0.0
        used[v] = 1.0 if asked else 0.0  # without any cards, full as soon as something is asked
        if room[v] > 0.0:
            used[v] = min(load[v] / room[v], 1.0)
        growth = ln(load[v] / before[v]) if asked and before[v] > 0.0 else 0.0
        trend[v] = memory[v] * trend[v] + (1.0 - memory[v]) * growth


@step
def ration(rationed, demanded, hours, cards, platform, room, fraction, load, kept):  # type: ignore[no-untyped-def]
    """Load (V,) of the cards asked for, share served (V + 2,), and what is kept of volumes and of
    `hours` (in place); returns whether anything is not served."""
    load[:] = 0.0
    for j in range(cards.shape[0]):
        if platform[j] < load.shape[0]:
            load[platform[j]] += cards[j]
    fraction[:] = 1.0
    if rationed:
        for v in range(load.shape[0]):
            fraction[v] = served_part(load[v], room[v])
    short = False
    for j in range(demanded.shape[0]):
        kept[j] = demanded[j] * fraction[platform[j]]
        hours[j] *= fraction[platform[j]]
        short |= kept[j] != demanded[j]
    return short


@step
def try_second(  # type: ignore[no-untyped-def]
    share,
    pairs,
    demanded,
    unserved,
    channel,
    on_sale,
    per_token,
    platform,
    spare,
    need,
    tried,
    going,
):
    """Unserved tokens of offers (J,) try the model calls (n_api,) that are their second choice.

    `pairs` (J, J) counts volumes by both choices; rented hours have no token offer to go to. Writes
    the cards wanted of each platform to `need` (V,), what each call could take to `tried` and what
    it takes from whom to `going` (J, n_api).
    """
    calls = tried.shape[0]
    tried[:] = 0.0
    for j in range(unserved.shape[0]):
        sends = channel[j] != RENT and demanded[j] > 0.0
        for a in range(calls):
            going[j, a] = 0.0
            if sends and on_sale[a]:
                part = pairs[j, a] / FIXED_POINT / demanded[j]
                going[j, a] = share * unserved[j] * part
            tried[a] += going[j, a]
    need[:] = 0.0
    for a in range(calls):
        need[platform[a]] += tried[a] * per_token[a]
    for a in range(calls):
        accepted = served_part(need[platform[a]], spare[platform[a]])
        tried[a] *= accepted
        for j in range(unserved.shape[0]):
            going[j, a] *= accepted
