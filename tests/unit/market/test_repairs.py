"""What once went wrong in a month of the market, one test each."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest
from mesa.batchrunner import batch_run

from sim.errors import RunFailure
from sim.market.model import MarketModel
from sim.market.month import PHASES, apply_events
from sim.market.supply import accelerators as supply
from sim.market.supply.costs import SupplyRules
from sim.market.vendors.information import panel_demand, public_view
from sim.numeric.draws import gumbel
from sim.strategies.view import View
from tests.reference.draws import event_of
from tests.reference.test_reference import TOP, key_of_draw
from tests.unit.market.tiny import TINY, changed, ran, started

LIST = {"strategy": "list"}
HOSTED: dict[str, Any] = {"vendor": "third", "family": "dam_open", "start": "2024-03"}
OFFER = "api/third/dam_open"


def listed(model: MarketModel, offer: str = OFFER) -> list[float]:
    return model.curves["list_price"][:, model.axes["offer"].index(offer)].tolist()


class TestOffersThatBeginLater:
    CHANGES: ClassVar[dict[str, Any]] = {
        "hosts": [HOSTED],
        "families.third_one.released": "2024-04",
        "decisions.panel": 60,
    }

    @pytest.mark.parametrize("strategy", ["best_response", "nash"])
    def test_do_not_stop_who_reckons_with_demand(self, strategy: str) -> None:
        rules = {f"vendors.{v}.pricing": {"strategy": strategy} for v in ("dam", "third")}
        model = MarketModel(changed(self.CHANGES | rules), 1)
        while model.running:
            model.step()
            np.testing.assert_array_equal(panel_demand(model).priced, model.on_sale)
        assert [price > 0 for price in listed(model)] == [False] * 2 + [True] * 4
        assert [price > 0 for price in listed(model, "api/third/third_one")] == [False] * 3 + [
            True
        ] * 3
        steady = listed(model, "api/dam/dam_max")
        assert len(set(steady)) == 6, "the rule moves its price every month"

    @pytest.mark.parametrize("strategy", ["best_response", "nash"])
    def test_are_no_rivals_before_they_begin(self, strategy: str) -> None:
        """Before its release a family moves nobody's price, whatever it will cost."""
        rules = {"vendors.dam.pricing": {"strategy": strategy}, "vendors.third.pricing": LIST}
        months = {"families.third_one.released": "2024-04", "decisions.panel": 60}
        cheap, dear = (
            ran(changed(months | rules | {"families.third_one.price": price}))
            for price in (2.0, 60.0)
        )
        one, other = (listed(model, "api/dam/dam_max") for model in (cheap, dear))
        assert one[:3] == other[:3]
        assert one[4:] != other[4:]


class TestExperience:
    def test_first_customers_make_nobody_an_expert(self) -> None:
        """With nearly nothing sold at the start, unit cost falls by a few per cent a month."""
        news = {
            "what": "attention",
            "month": "2024-02",
            "vendor": "third",
            "awareness_gain": 5.0,
        }
        changes = {
            "vendors.third.awareness": 0.0,
            "vendors.third.home_share": 0.0,
            "vendors.third.capacity.initial": 100.0,
            "mechanisms.adoption": False,
            "demand.awareness.share_weight": 0.0,
            "supply.throughput_growth": 0.0,
            "families.third_one.capability": 2.0,
            "events": [news],
        }
        model = ran(changed(changes))
        third = model.axes["vendor"].index("third")
        tokens, cost = (model.curves[n][:, third] for n in ("platform_tokens", "unit_cost"))
        assert tokens[0] == 0.0
        assert tokens[-1] > 0.1 * model.curves["platform_tokens"][-1].sum()
        assert (cost[1:] / cost[:-1]).min() > 0.93
        assert cost[-1] < cost[0]


class TestLuck:
    def test_luckiest_bits_give_the_largest_draw(self) -> None:
        event = event_of(5, 6, 7, 8)
        draws = [
            float(gumbel(np.uint64(event), np.uint32(key_of_draw(event, bits))))
            for bits in range(TOP - 300, TOP + 1)
        ]
        assert draws == sorted(draws)
        np.testing.assert_allclose(draws[-1], 24 * math.log(2.0), rtol=1e-5)


class TestSpillOver:
    def test_nothing_goes_to_an_offer_that_has_ended(self) -> None:
        changes = {
            "hosts": [HOSTED | {"start": "2024-01", "end": "2024-04", "price": 3.0}],
            "vendors.third.pricing": LIST,
            "vendors.volcano.capacity.initial": 0.4,
            "vendors.volcano.capacity.order_cap": 0.0,
            "mechanisms.adoption": False,
        }
        model = started(changes)
        j = model.world.api_offer("third", "dam_open")
        spilled, elsewhere, second = [], [], []
        for _ in range(6):
            model.step()
            spilled.append(float(model.volumes.spilled[j]))
            elsewhere.append(float(model.volumes.spilled.sum()))
            second.append(float(model.tally.pairs[:, j].sum()))
        assert all(volume > 0 for volume in spilled[:3])
        assert spilled[3:] == [0.0] * 3
        assert all(volume > 0 for volume in elsewhere)
        assert all(volume > 0 for volume in second), "some still remember it as second choice"


class TestOrders:
    @pytest.mark.parametrize("lead", [0, 1, 2, 5])
    def test_arrive_after_the_lead_time(self, monkeypatch: pytest.MonkeyPatch, lead: int) -> None:
        def once(
            rules: SupplyRules, month: int, *_: Any
        ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
            wanted = np.full(3, 700.0 if month == 1 else 0.0)
            return wanted, np.full(3, 1e9)

        monkeypatch.setattr(supply, "orders", once)
        model = ran(changed({"supply.lead_months": lead, "supply.wear": 0.0}, months=9))
        cards = model.curves["own_cards"] + model.curves["external_cards"]
        gained = cards - cards[0]
        expected = np.where(np.arange(9) >= 1 + lead, 700.0, 0.0)
        np.testing.assert_allclose(gained, np.repeat(expected[:, None], 3, axis=1), atol=1e-8)


class TestEmptyKindOfWork:
    def test_moves_no_choice(self) -> None:
        """Developers join by what is asked for; nobody asks for the empty kind."""
        strong = {
            "families.dam_open.community": {"developers": 20_000.0, "capability_pull": 5.0},
            "families.dam_open.strengths": {"assistant": 1.0},
            "demand.community_weight": 1.0,
        }
        empty = {"presence": 0.0, "volume": 1e6}
        model, other = (ran(changed(strong | more)) for more in ({}, {"kinds.poetry": empty}))
        assert model.world.kinds != other.world.kinds
        np.testing.assert_array_equal(model.choices.current, other.choices.current)
        np.testing.assert_array_equal(model.curves["developers"], other.curves["developers"])
        assert model.curves["developers"].any()


class TestBatches:
    def test_mesa_runs_the_market_to_its_end(self) -> None:
        parameters = {
            "scenario": str(TINY),
            "calendar__months": [2, 4],
            "containment__window_months": 2,
        }
        rows = batch_run(MarketModel, parameters, number_processes=1, display_progress=False)
        assert [row["month"] for row in rows] == [2, 4]
        assert all(0.0 < row["full_stack_revenue_share.volcano"] < 1.0 for row in rows)

    def test_the_calendar_is_not_overstepped(self) -> None:
        model = ran(changed(months=2))
        before = model.curves["cash"].tobytes()
        assert not model.running
        with pytest.raises(RunFailure, match="calendar ends after 2 months"):
            model.step()
        assert (model.month, model.curves["cash"].tobytes()) == (2, before)


class TestHostingEntries:
    FIRST = HOSTED | {"start": "2024-02", "end": "2024-03", "price": 5.0}
    AGAIN = HOSTED | {"start": "2024-05", "price": 9.0}

    @pytest.mark.parametrize("order", [1, -1])
    def test_second_entry_has_its_own_price(self, order: int) -> None:
        hosts = [self.FIRST, self.AGAIN][::order]
        model = ran(changed({"hosts": hosts, "vendors.third.pricing": LIST}))
        assert listed(model) == [0.0, 5.0, 0.0, 0.0, 9.0, 9.0]

    def test_second_entry_without_a_price_starts_from_unit_cost(self) -> None:
        again = {name: value for name, value in self.AGAIN.items() if name != "price"}
        rules = {"vendors.third.pricing": LIST, "families.dam_open.start_markup": 3.0}
        model = ran(changed({"hosts": [self.FIRST, again]} | rules))
        assert listed(model)[4] not in (0.0, 5.0)
        assert listed(model)[5] == listed(model)[4]

    @pytest.mark.parametrize("order", [1, -1])
    def test_of_two_at_once_the_later_counts_whatever_the_order(self, order: int) -> None:
        late = {"strategy": "delayed_open", "parameters": {"delay_months": 4}}
        rules = {"vendors.third.pricing": LIST, "vendors.dam.openness": late}
        base = changed({"hosts": [self.FIRST, self.AGAIN]} | rules)
        first, again = base.hosts
        both = (first.model_copy(update={"end": None}), again)[::order]
        model = ran(base.model_copy(update={"hosts": both}))
        assert listed(model) == [0.0] * 4 + [9.0, 9.0]


class TestView:
    def test_is_read_only(self) -> None:
        view = public_view(started())
        arrays = [getattr(view, f.name) for f in fields(View)]
        arrays = [array for array in arrays if isinstance(array, np.ndarray)]
        assert len(arrays) == 5
        for array in [*arrays, view.demand().values]:
            with pytest.raises(ValueError, match="read-only"):
                array[:] = 0

    def test_shows_a_dated_price_a_month_later(self) -> None:
        model = started()
        j = model.world.api_offer("dam", "dam_open")
        for _ in range(4):
            model.step()
        apply_events(model)
        assert model.state.list_price[j] == 2.0
        assert public_view(model).price[j] == 8.0
        for phase in PHASES[1:]:
            phase.act(model)
        model.month += 1
        assert public_view(model).price[j] == 2.0

    def test_rivals_answer_a_dated_price_a_month_later(self) -> None:
        rule = {"vendors.third.pricing": {"strategy": "match"}, "vendors.volcano.pricing": LIST}
        cut = {
            "what": "price_cut",
            "month": "2024-03",
            "vendor": "dam",
            "family": "dam_open",
            "price_yuan_per_million_tokens": 1.0,
        }
        still, moved = (
            listed(ran(changed(rule | {"events": events})), "api/third/third_one")
            for events in ([], [cut])
        )
        assert [one == other for one, other in zip(still, moved, strict=True)] == [True] * 3 + [
            False
        ] * 3


class TestOpenness:
    @pytest.mark.parametrize(
        ("released", "closed"), [("2023-11", 2), ("2023-06", 0), ("2024-02", 5)]
    )
    def test_delay_counts_from_the_stated_release(self, released: str, closed: int) -> None:
        late = {"strategy": "delayed_open", "parameters": {"delay_months": 4}}
        model = started({"families.dam_open.released": released, "vendors.dam.openness": late})
        f = model.world.families.index("dam_open")
        opened = []
        for _ in range(6):
            model.step()
            opened.append(bool(model.state.weights_open[f]))
        assert opened == [False] * closed + [True] * (6 - closed)
