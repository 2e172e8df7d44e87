"""Tables of a month, compiled: utilities without price, and what hosting costs."""

from __future__ import annotations

from sim.market.compiled import kernel


@kernel
def fill_utilities(  # type: ignore[no-untyped-def]
    constant,
    theta,
    capability,
    mean_capability,
    gamma,
    community,
    reliability,
    agent_weight,
    agent_worth,
    family,
    platform,
    n_api,
    out,
):
    """(cells, K, J): constant + theta x lead + gamma x community + reliability + agents.

    `constant` (cells, J), `theta` (cells, K), `capability` (F, K), `mean_capability` (K,), `gamma`
    (cells,), `community` (R, F), `reliability` (V + 2,), `agent_weight` (cells, K, V) or empty,
    `agent_worth` (cells, V); lead and community are 0 of offers without a family, agents count on
    model calls alone.
    """
    cells, kinds, offers = out.shape
    regions, agents = community.shape[0], agent_weight.shape[0] > 0
    for c in range(cells):
        for k in range(kinds):
            for j in range(offers):
                f, v = family[j], platform[j]
                lead, known = 0.0, 0.0
                if f >= 0:
                    lead = capability[f, k] - mean_capability[k]
                    known = community[c % regions, f]
                value = constant[c, j] + theta[c, k] * lead + gamma[c] * known + reliability[v]
                if agents and j < n_api:
                    value += agent_weight[c, k, v] * agent_worth[c, v]
                out[c, k, j] = value


@kernel
def fill_hosting(layout, family_hours, hourly, paid, floor, reference, hours, cost, ratio):  # type: ignore[no-untyped-def]
    """(J,) card-hours and yuan per million tokens of HOST offers; prices of model calls and costs of
    hosting over the reference price of tokens.

    `family_hours` (F,) at skill 1, `hourly` (V + 1,) yuan of a card-hour, own machines last,
    `reference` price of a million tokens.
    """
    for j in range(layout.n_api):
        ratio[j] = max(paid[j], floor) / reference
    for j in range(layout.host_start, layout.rent_start):
        hours[j] = family_hours[layout.family[j]]
        cost[j] = hours[j] * hourly[layout.platform[j]]
        ratio[j] = max(cost[j], floor) / reference
