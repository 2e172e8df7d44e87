"""Every measure is finite, has its shape, and only reads."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.market.model import MarketModel
from sim.market.recorder import DIMENSIONS, measure, measures
from tests.unit.market.tiny import changed, parts, ran

NAMES = tuple(measures())
SHARES = (
    "platform_token_share",
    "family_token_share",
    "full_stack_revenue_share",
    "maas_revenue_share",
)


@cache
def market() -> MarketModel:
    """At the end of the fifth month: somebody rations, somebody postpones."""
    model = MarketModel(changed({"vendors.volcano.capacity.initial": 0.5}, months=5), 1)
    for _ in range(4):
        model.step()
    with np.errstate(under="ignore"):
        for phase in model.phases:
            phase.act(model)
    return model


@pytest.mark.parametrize("name", NAMES)
class TestEveryMeasure:
    def test_only_reads(self, name: str) -> None:
        model = market()
        before = parts(model)
        first = np.array(measures()[name].read(model))
        again = np.array(measures()[name].read(model))
        assert parts(model) == before
        assert first.tobytes() == again.tobytes()

    def test_is_finite_and_has_its_shape(self, name: str) -> None:
        model, dims = market(), measures()[name].dims
        curve = model.curves[name]
        assert curve.shape == (5, *(len(model.axes[dim]) for dim in dims))
        assert np.isfinite(curve).all()

    def test_records_what_it_reads_under_the_right_names(self, name: str) -> None:
        model, dims = market(), measures()[name].dims
        world = model.world
        canonical = {
            "vendor": world.vendors,
            "vendor_to": world.platform_names(),
            "kind": world.kinds,
            "segment": world.segments,
            "region": world.regions,
            "family": world.families,
            "offer": world.labels,
        }
        value = np.asarray(measures()[name].read(model))
        for index in np.ndindex(value.shape):
            names = [canonical[dim][i] for dim, i in zip(dims, index, strict=True)]
            place = tuple(model.axes[d].index(n) for d, n in zip(dims, names, strict=True))
            assert model.curves[name][(-1, *place)] == value[index]

    def test_facts(self, name: str) -> None:
        one = measures()[name]
        assert one.name == name
        assert one.unit
        assert one.doc.endswith((".", ")"))
        assert set(one.dims) <= set(DIMENSIONS)


@pytest.mark.parametrize("name", SHARES)
def test_shares_add_to_one(name: str) -> None:
    curve = market().curves[name]
    np.testing.assert_allclose(curve.sum(axis=1), 1.0, rtol=1e-12)
    assert (curve >= 0).all()


def test_scoreboards_differ_by_what_they_count() -> None:
    model = market()
    curves = model.curves
    np.testing.assert_allclose(
        curves["total_tokens"],
        curves["platform_tokens"].sum(axis=1) + curves["self_hosted_tokens"],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        curves["full_stack_revenue"],
        curves["iaas_revenue"] + curves["paas_revenue"] + curves["maas_revenue"],
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        curves["hhi_revenue"], (curves["full_stack_revenue_share"] ** 2).sum(axis=1), rtol=1e-12
    )
    assert (curves["vendors_per_client"] >= 1.0).all()
    assert (curves["self_hosted_tokens"] > 0).any()


def test_platform_share_leaves_out_model_companies_and_other_regions() -> None:
    regions = {"domestic": {"share": 0.5}, "overseas": {"share": 0.5, "domestic": False}}
    model = ran(
        changed(
            {
                "regions": regions,
                "vendors.third.model_company": True,
                "vendors.third.home_share": 0.0,
            },
            months=4,
        )
    )
    third = model.axes["vendor"].index("third")
    assert (model.curves["platform_token_share"][:, third] == 0).all()
    assert (model.curves["family_token_share"][:, third] > 0).any()
    domestic = model.curves["platform_tokens_domestic"].sum(axis=1)
    cloud = model.curves["platform_tokens"].sum(axis=1) - model.curves["platform_tokens"][:, third]
    assert (domestic < cloud).all()
    assert (domestic > 0).all()


def test_duplicate_name_and_unknown_dimension_are_refused() -> None:
    def cash(model: MarketModel) -> float:
        """Twice."""
        return 0.0

    with pytest.raises(ValueError, match="two of one name: measure 'cash'"):
        measure("yuan")(cash)
    with pytest.raises(ValueError, match="unknown dimension"):
        measure("yuan", "planet")
