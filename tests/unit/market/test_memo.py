"""What is kept follows the numbers it was made from, and rows are added up as they were alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.experiment.curves import _array, decoded_chunk, encoded_chunk
from sim.market.books import token_volumes
from sim.market.costs import accounting_cost, card_cost, cards_per_token
from sim.market.memo import Memo
from sim.market.model import MarketModel
from sim.measures.tokens import by_vendor, calls_of_rows, shares, shares_of_rows
from tests.unit.market.tiny import changed, ran


@pytest.fixture
def model() -> MarketModel:
    return ran(changed({}, months=3))


class TestMemo:
    def test_makes_a_value_again_when_its_key_differs_and_hands_it_out_read_only(self) -> None:
        memo, made = Memo(), []

        def make() -> np.ndarray[Any, Any]:
            made.append(1)
            return np.zeros(2)

        first = memo.of("x", (1, b"a"), make)
        assert memo.of("x", (1, b"a"), make) is first
        assert len(made) == 1
        assert memo.of("x", (1, b"b"), make) is not first
        assert len(made) == 2
        memo.of("y", (1, b"b"), make)
        assert len(made) == 3
        with pytest.raises(ValueError, match="read-only"):
            first[0] = 1.0

    @pytest.mark.parametrize(
        ("field", "read"),
        [
            ("list_price", lambda model: model.paid),
            ("discount", lambda model: model.paid),
            ("hosting", MarketModel.available),
            ("serving_cost", cards_per_token),
            ("experience", cards_per_token),
            ("serving_cost", accounting_cost),
        ],
    )
    def test_a_market_sees_a_number_that_is_changed_in_place(
        self, model: MarketModel, field: str, read: Any
    ) -> None:
        before = read(model).copy()
        array = getattr(model.state, field)
        array[:] = ~array if array.dtype == bool else array * 0.5 + 0.125
        fresh = ran(changed({}, months=3))
        getattr(fresh.state, field)[:] = array
        fresh.memo = Memo()
        assert read(model).tolist() == read(fresh).tolist() != before.tolist()

    def test_the_cost_of_a_card_follows_the_world_market(self, model: MarketModel) -> None:
        before = card_cost(model)
        model.state.external_cost_factor *= 2.0
        assert (card_cost(model) > before).all()


class TestRows:
    @pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 17, 130])
    def test_shares_of_rows_are_those_of_each_row_alone(self, size: int) -> None:
        values = np.random.default_rng(size).random((5, size + 2))[:, :size]
        values[3] = 0.0
        alone = np.stack([shares(np.ascontiguousarray(row)) for row in values])
        assert shares_of_rows(values).tobytes() == alone.tobytes()

    def test_calls_of_rows_are_those_of_each_row_alone(self, model: MarketModel) -> None:
        rows = np.random.default_rng(1).random((4, model.world.n_offers))
        alone = [by_vendor(model, np.where(model.world.calls, row, 0.0)) for row in rows]
        assert calls_of_rows(model, rows).tolist() == np.stack(alone).tolist()

    def test_tokens_by_family_and_kind_add_up_offer_by_offer(self, model: MarketModel) -> None:
        by_offer = token_volumes(model, by_offer=True)
        expected = np.zeros((len(model.world.families) + 1, len(model.world.kinds)))
        np.add.at(expected, model.world.family, by_offer.T)
        assert expected[:-1].any()
        assert token_volumes(model).tobytes() == expected[:-1].tobytes()


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
