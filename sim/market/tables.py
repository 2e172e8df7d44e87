"""Tables of a month, compiled: utilities without price, prices and costs, review hazards."""

from __future__ import annotations

from sim.numeric.compiled import kernel
from sim.numeric.elementary import ln


@kernel
def fill_utilities(  # type: ignore[no-untyped-def]
    constant,
    theta,
    capability,
    contribution,
    mean_capability,
    gamma,
    known,
    reliability,
    reliability_weight,
    agent_weight,
    agent_worth,
    side,
    family,
    platform,
    n_api,
    out,
):
    """(cells, K, J): constant + theta x lead + gamma x community + reliability + agents.

    `constant` (cells, J), `theta` (cells, K), `capability` (F, K) without the `contribution` (F,)
    of developers, `mean_capability` (K,), `gamma` (cells,), `known` (R, F) of the community,
    `reliability` (V,), `agent_weight` (cells, K, V) or empty, `agent_worth` (V, S) and the `side`
    (cells,) that counts. Lead and community are 0 of offers without a family, agents count on model
    calls alone.
    """
    cells, kinds, offers = out.shape
    regions, agents = known.shape[0], agent_weight.shape[0] > 0
    for j in range(offers):
        f, v = family[j], platform[j]
        relied = reliability_weight * (reliability[v] - 1.0) if v < len(reliability) else 0.0
        for k in range(kinds):
            lead = capability[f, k] + contribution[f] - mean_capability[k] if f >= 0 else 0.0
            for c in range(cells):
                community = gamma[c] * known[c % regions, f] if f >= 0 else 0.0
                value = constant[c, j] + theta[c, k] * lead + community + relied
                if agents and j < n_api:
                    value += agent_weight[c, k, v] * agent_worth[v, side[c]]
                out[c, k, j] = value


@kernel
def fill_progress(  # type: ignore[no-untyped-def]
    theta,
    mean_capability,
    n0,
    discount,
    outside,
    hours_kind,
    hours_term,
    token_term,
    growth,
    shift,
    welfare,
    none_base,
    none_slope,
    log_growth,
):
    """What postponing is worth, and how far demand has grown, by kind of work.

    `welfare` (cells, K): theta x mean capability. `none_base` (cells, K): n0 - discount x welfare,
    discounted for token work alone. `none_slope` (K,), which multiplies alpha: outside x
    (b(reference) - b(mean price)), given as `token_term`, or `hours_term` for the same of rent.
    """
    cells, kinds = welfare.shape
    for k in range(kinds):
        none_slope[k] = outside * (hours_term if hours_kind[k] else token_term)
        log_growth[k] = growth[k] + shift[k]
        for c in range(cells):
            welfare[c, k] = theta[c, k] * mean_capability[k]
            none_base[c, k] = n0[k] - discount[k] * welfare[c, k]


@kernel
def fill_prices(  # type: ignore[no-untyped-def]
    platform,
    family,
    places,
    family_hours,
    rent,
    market_rent,
    own_rent,
    card_hours,
    paid,
    floor,
    reference_price,
    reference_rent,
    hours,
    cost,
    ratio,
    price,
):
    """(J,) card-hours and yuan per million tokens of HOST offers, log ratios of all prices to their
    references, and price terms of RENT offers against the market rent.

    `family_hours` (F,) per million tokens at skill 1; `rent` (V,), `market_rent` and `own_rent` of
    own machines yuan per card-month of `card_hours`; `places` where HOST, RENT and NONE start.
    """
    host_start, rent_start, none = places
    for j in range(host_start):
        ratio[j] = ln(max(paid[j], floor) / reference_price)
    for j in range(host_start, rent_start):
        v = platform[j]
        hourly = (rent[v] if v < len(rent) else own_rent) / card_hours
        hours[j] = family_hours[family[j]]
        cost[j] = hours[j] * hourly
        ratio[j] = ln(max(cost[j], floor) / reference_price)
    for j in range(rent_start, none):
        v = platform[j]
        ratio[j] = ln(rent[v] / reference_rent)
        price[j] = ln(rent[v] / market_rent)


@kernel
def fill_hazard(  # type: ignore[no-untyped-def]
    usual, triggered, paid, last_price, rise, reliability, last_reliability, level, layout, out
):
    """(2, J) review hazards: at least `triggered` where the price has risen by more than the share
    `rise`, or where the platform's reliability has fallen below the `level`."""
    for j in range(layout.none):
        v = layout.platform[j]
        fired = last_price[j] > 0.0 and paid[j] > last_price[j] * (1.0 + rise)
        if v < layout.n_vendors:
            fired |= reliability[v] < level and last_reliability[v] >= level
        for size in range(2):
            out[size, j] = max(usual[size, j], triggered) if fired else usual[size, j]
    for size in range(2):
        out[size, layout.none] = usual[size, layout.none]
