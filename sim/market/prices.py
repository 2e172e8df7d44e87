"""What clients pay, inside kernels."""

from __future__ import annotations

from sim.numeric.compiled import inlined


@inlined
def price_paid(j, layout, state):  # type: ignore[no-untyped-def]
    """Token price after discounts that freed money pays for, yuan per million tokens."""
    v = layout.platform[j]
    off = state.discount[v] if v < layout.n_vendors else 0.0
    return state.list_price[j] * (1.0 - off)


@inlined
def rent_paid(v, layout, state):  # type: ignore[no-untyped-def]
    """Rent of a card-month on a platform, yuan."""
    return state.market_rent * layout.rent_factor[v]


@inlined
def unit_price(j, card_hours, layout, state):  # type: ignore[no-untyped-def]
    """List price of a million tokens (API) or of a card-hour (HOST, RENT), yuan; 0 of own machines
    and of postponing."""
    if j < layout.n_api:
        return price_paid(j, layout, state)
    v = layout.platform[j]
    return rent_paid(v, layout, state) / card_hours if v < layout.n_vendors else 0.0
