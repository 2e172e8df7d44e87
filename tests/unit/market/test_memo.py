"""What follows from numbers of the state is worked out anew; chunks keep their bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.runs.curves import _array, decoded_chunk, encoded_chunk
from tests.unit.market.plain import costs
from tests.unit.market.tiny import changed, ran


@pytest.fixture
def model() -> MarketModel:
    return ran(changed({}, months=3))


@pytest.mark.parametrize(
    ("field", "read"),
    [
        ("list_price", lambda model: model.paid),
        ("discount", lambda model: model.paid),
        ("hosting", MarketModel.available),
        ("hosting", lambda model: model.own_offers(0)),
        ("serving_cost", lambda model: costs(model).cards),
        ("experience", lambda model: costs(model).cards),
        ("serving_cost", lambda model: costs(model).accounting),
    ],
)
def test_a_market_sees_a_number_that_is_changed_in_place(field: str, read: Any) -> None:
    model = ran(changed({}, months=3))
    before = read(model).copy()
    array = getattr(model.state, field)
    array[:] = ~array if array.dtype == bool else array * 0.5 + 0.125
    fresh = ran(changed({}, months=3))
    getattr(fresh.state, field)[:] = array
    assert read(model).tolist() == read(fresh).tolist() != before.tolist()


def test_the_cost_of_a_card_follows_the_world_market() -> None:
    model = ran(changed({}, months=3))
    before = costs(model).card
    model.state.external_cost_factor *= 2.0
    assert (costs(model).card > before).all()


class TestChunk:
    @pytest.mark.parametrize("shape", [(2, 1, 3), (5, 2, 36, 7), (1, 1, 4, 2, 3)])
    def test_has_the_bytes_that_zarr_writes(self, shape: tuple[int, ...]) -> None:
        values = np.random.default_rng(2).random(shape)
        values.flat[0] = np.nan
        store: dict[str, Any] = {}
        array = _array(store, "x", shape, chunks=shape, dtype="float64", fill_value=np.nan)
        array[...] = values
        (key,) = (key for key in store if not key.endswith("zarr.json"))
        content = encoded_chunk(values)
        assert content == store[key].to_bytes()
        assert decoded_chunk(content, shape).tobytes() == values.tobytes()
