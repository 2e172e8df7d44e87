import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.analysis.statistics import look_at
from sim.analysis.verdict.containment import Verdict
from sim.analysis.verdict.curves import WorldCurves, WorldPair
from sim.analysis.verdict.judge import holm_document, verdict_entry
from sim.analysis.verdict.outcomes import OutcomeClass
from sim.analysis.verdict.specification import specification_curve, threshold_grid
from sim.analysis.verdict.verdict import Assessment, ensemble_verdict
from sim.analysis.verdict.verdict import assess as assess_pair
from sim.analysis.verdict.words import answer_of_pair
from sim.scenario.schema.scenario import Containment

NAMES = {"i": "Incumbent", "c": "Challenger", "t": "Third", "f": "Fourth"}
MONTHS = 48


def said(found: Assessment) -> str:
    """What is said of an assessment, in words."""
    return " ".join(answer_of_pair(verdict_entry(found, NAMES)).sentences)


@pytest.fixture(autouse=True)
def floating_errors():
    with np.errstate(all="raise"):
        yield


def world(n=40, shift=0.0, months=MONTHS, seed=1, profit=0.0, tag="on"):
    """A plateau: challenger ahead in tokens, incumbent in revenue; shift moves the challenger."""
    rng = np.random.default_rng(seed)
    t = np.arange(months)
    level = 0.49 + 0.01 * rng.standard_normal((n, 1))
    bend = 0.002 * rng.standard_normal((n, months))
    tokens = np.zeros((n, months, 4))
    tokens[:, :, 1] = level - 0.05 * np.exp(-t / 4.0) + bend + shift
    tokens[:, :, 0], tokens[:, :, 2], tokens[:, :, 3] = 0.2 - shift, 0.08, 0.03
    money = np.tile([0.36, 0.15, 0.1, 0.05], (n, months, 1))
    volume = 1e6 * tokens * np.exp(0.03 * t)[None, :, None]
    profits = np.full((n, months, 4), 1e7 + profit)
    return WorldCurves(tokens, money, volume, profits, 0, 1, 100 + np.arange(n), tag)


def assess(*worlds, **longer) -> Assessment:
    return assess_pair(WorldPair(*worlds, **longer))


def test_clear_containment():
    found = assess(world(), world(shift=0.06, tag="off"))
    assert found.verdict.overall is Verdict.SUPPORTED
    assert found.contained is Verdict.SUPPORTED
    assert found.frequencies[OutcomeClass.CONTAINMENT].count == 40
    assert sum(f.count for f in found.frequencies.values()) == 40
    assert found.verdict_at_look is Verdict.SUPPORTED
    assert not found.pyrrhic
    assert found.notes == []


def taken_by_third(points):
    """Worlds with and without the levers: what the challenger lacks goes to the third vendor."""
    on, off = world(), world(shift=points, tag="off")
    off.token_share[:, :, 0] = 0.2
    off.token_share[:, :, 2] = 0.08 - points
    return on, off


def test_diversion_sums_to_tau_and_names_the_holder():
    on, off = world(), world(shift=0.06, tag="off")
    found = assess(on, off)
    assert sum(one.mean for one in found.diversion) == pytest.approx(found.verdict.tau_mean)
    assert found.diversion[0].vendor == on.incumbent
    assert found.by_incumbent is Verdict.SUPPORTED
    assert found.awarded is Verdict.SUPPORTED


def test_containment_is_not_the_incumbents_where_a_third_party_takes_the_points():
    found = assess(*taken_by_third(0.06))
    assert found.verdict.overall is Verdict.SUPPORTED
    assert sum(one.mean for one in found.diversion) == pytest.approx(found.verdict.tau_mean)
    assert found.diversion[0].vendor == 2
    assert found.by_incumbent is Verdict.REFUTED
    assert found.awarded is Verdict.REFUTED
    text = said(found)
    assert "held back, but not by Incumbent for itself, which holds 0.0 of the 6.0 points" in text
    assert text.startswith("Not contained: ")


def test_a_class_that_hangs_on_the_window_is_not_stable():
    assert assess(world(), world(shift=0.06, tag="off")).stability["stable"]
    late = world()
    late.token_share[:, -7:, 1] += 0.08  # a step looks flat from beyond it and steep across it
    found = assess(late)
    assert not found.stability["stable"]
    assert found.stability["flips"] == "W = 6"


def test_pyrrhic_when_it_costs_the_incumbent():
    found = assess(world(profit=-1e5), world(shift=0.06, tag="off"))
    assert found.pyrrhic
    assert "though it costs Incumbent profit" in said(found)
    lost = assess(world(profit=-1e5), world(shift=0.0, tag="off"))
    assert not lost.pyrrhic


def test_the_same_world_twice_refutes_without_a_warning():
    found = assess(world(), world())
    assert found.tau == [0.0] * 40
    assert found.definitions["D2"].verdict is Verdict.REFUTED
    assert found.verdict.overall is found.contained is Verdict.REFUTED
    assert set(found.classes) == {OutcomeClass.STAND_OFF}
    assert "the moves of Incumbent change nothing for Challenger" in said(found)


def test_one_replicate_is_undetermined():
    found = assess(world(1), world(1, shift=0.06))
    assert found.verdict.overall is found.contained is Verdict.UNDETERMINED
    assert found.verdict_at_look is None
    assert "a single replicate decides nothing" in found.notes
    json.dumps(verdict_entry(found, NAMES), allow_nan=False)


def test_without_a_pair_nothing_is_supported():
    found = assess(world(), None)
    assert found.definitions["D2"].verdict is Verdict.NOT_APPLICABLE
    assert found.definitions["D6"].verdict is Verdict.NOT_APPLICABLE
    assert set(found.classes) == {OutcomeClass.STAND_OFF}
    assert found.verdict.overall is found.contained is Verdict.UNDETERMINED
    assert said(found).startswith("Not known: no world without the moves of Incumbent was run")
    broken_out = assess(world(shift=0.12), None)
    assert broken_out.verdict.overall is Verdict.REFUTED
    assert said(broken_out).startswith("Not contained: too few runs end with Challenger ahead")


def test_dual_leadership_alone_never_contains():
    found = assess(world(), world(shift=0.01, tag="off"))
    assert found.definitions["D3"].verdict is Verdict.SUPPORTED
    assert found.contained is Verdict.REFUTED


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(4)), st.sampled_from([0.0, 0.03, 0.06]))
def test_order_of_vendors_does_not_matter(order, shift):
    def moved(w):
        arrays = {
            name: np.ascontiguousarray(getattr(w, name)[:, :, order])
            for name in ("token_share", "revenue_share", "token_volume", "profit")
        }
        return replace(w, incumbent=order.index(0), challenger=order.index(1), **arrays)

    on, off = world(12), world(12, shift=shift, tag="off")
    here, there = assess(on, off), assess(moved(on), moved(off))
    assert here.definitions == there.definitions
    assert here.classes == there.classes
    assert here.verdict == there.verdict
    assert here.token_means == [there.token_means[order.index(k)] for k in range(4)]


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(12)))
def test_order_of_replicates_does_not_matter(order):
    def moved(w):
        return replace(
            w,
            token_share=w.token_share[order],
            revenue_share=w.revenue_share[order],
            token_volume=w.token_volume[order],
            profit=w.profit[order],
            seeds=w.seeds[order],
        )

    on, off = world(12), world(12, shift=0.04, tag="off")
    here, there = assess(on, off), assess(moved(on), moved(off))
    assert here.verdict.overall is there.verdict.overall
    assert here.verdict.tau_mean == pytest.approx(there.verdict.tau_mean)


def test_a_longer_run_reports_how_many_classes_are_kept():
    kept = assess(world(), None, longer=world(months=72))
    assert kept.longer["share"] == 1.0
    assert "longer run: supported" in kept.definitions["D1"].note
    lost = assess(world(), None, longer=world(months=72, shift=0.16))
    assert lost.longer["share"] == 0.0
    assert any("class kept" in note for note in lost.notes)
    with pytest.raises(ValueError, match="longer"):
        assess(world(), None, longer=world())


def test_short_runs_and_two_humps_are_noted():
    on = world(months=24)
    tokens = on.token_share.copy()
    tokens[::2, :, 1] += 0.05
    notes = assess(replace(on, token_share=tokens), None).notes
    assert any("24 months" in note for note in notes)
    assert any("two humps" in note for note in notes)


def test_ensemble_verdict_by_hand():
    labels = ["containment"] * 31 + ["stand_off"] * 5 + ["breakout"] * 4
    on = np.linspace(0.4, 0.5, 40)
    found = ensemble_verdict(labels, on + 0.06 - on, 0.03)
    assert found.counts == {"breakout": 4, "containment": 31, "stand_off": 5}
    assert found.interval == pytest.approx((0.6249690325768997, 0.8768390867645925))
    assert found.overall is Verdict.SUPPORTED
    few = ensemble_verdict(labels[-9:], np.full(9, 0.06), 0.03)
    assert (few.causal, few.emergence) == (Verdict.SUPPORTED, Verdict.REFUTED)
    assert few.overall is Verdict.REFUTED
    with pytest.raises(ValueError, match="one label"):
        ensemble_verdict(labels, on[:3], 0.03)


def test_looks_follow_the_plan():
    assert look_at(29).number == 0
    assert (look_at(60).number, look_at(60).alpha, look_at(60).next_n) == (2, 0.01, 120)
    assert look_at(500).next_n is None
    assert "5 replicates past it" in look_at(35).note
    with pytest.raises(ValueError, match="replicate"):
        look_at(0)


def test_specification_curve_counts_the_same_verdict():
    def curve(shift):
        return specification_curve(WorldPair(world(), world(shift=shift, tag="off")), Containment())

    clear = curve(0.08)
    assert len(clear["points"]) == 81
    assert clear["same_overall"] == clear["same_contained"] == 1.0
    assert clear["robust"]
    shaky = curve(0.035)
    strict = [p for p in shaky["points"] if p["thresholds"]["minimum_effect"] > 0.04]
    assert len(strict) == 27
    assert all(p["overall"] is Verdict.REFUTED for p in strict)
    assert shaky["overall"] is Verdict.SUPPORTED
    assert shaky["same_overall"] == pytest.approx(54 / 81)
    assert not shaky["robust"]


def test_the_grid_holds_the_chosen_values():
    base = Containment()
    for axis, values in threshold_grid(base).items():
        assert len(set(values)) == 3
        assert getattr(base, axis) in values


def test_document_is_json_and_carries_its_provenance():
    on, off = world(), world(shift=0.06, tag="off")
    found, none = assess(on, off), assess(on, on)
    entry = json.loads(json.dumps(verdict_entry(found, NAMES), allow_nan=False))
    assert (entry["n"], entry["scenario_hash"], entry["off_scenario_hash"]) == (40, "on", "off")
    assert entry["seeds"] == list(range(100, 140))
    assert entry["overall"] == "supported"
    assert entry["definitions"]["D2"]["interval_type"] == "paired t, 0.95"
    assert entry["emergence"]["interval_type"].startswith("Wilson")
    assert entry["token_share"]["c"] == pytest.approx(0.49, abs=0.01)
    holm = holm_document({"levers": found, "placebo": none, "alone": assess(on)})
    assert set(holm) == {"levers", "placebo"}
    assert holm["levers"]["effect_above_minimum"]
    assert not holm["placebo"]["effect_above_minimum"]
    assert holm["levers"]["holm_adjusted"] >= holm["levers"]["p_value"]


@pytest.mark.parametrize(
    ("off_shift", "word", "why"),
    [
        (0.06, "Contained", "40 of 40 runs end so, and the moves of Incumbent bring it about"),
        (0.0, "Not contained", "hold Challenger back by too little to count"),
        (0.03, "Not known", "by the 3 points that count is open"),
    ],
)
def test_the_answer_says_why(off_shift, word, why):
    found = assess(world(), world(shift=off_shift, seed=2, tag="off"))
    answer = answer_of_pair(verdict_entry(found, NAMES))
    assert answer.holds == word.lower()
    assert answer.answer.startswith(f"{word}: ")
    assert why in answer.answer
    assert answer.answer.count(".") == 1
    tau = 100.0 * np.mean(found.tau)
    assert f"would hold {abs(tau):.1f} points" in answer.effect or abs(tau) < 0.05
    assert "3 or more count" in answer.effect
    with pytest.raises(ValueError, match="vendor names"):
        verdict_entry(found, {"i": "Incumbent", "c": "Challenger"})


def test_a_longer_pair_compares_outcome_classes_and_tau():
    on, off = world(), world(shift=0.06, tag="off")
    later = {"longer": world(months=72), "longer_off": world(months=72, shift=0.06)}
    kept = assess(on, off, **later)
    assert tuple(kept.longer[name] for name in ("kept", "of", "months")) == (
        40,
        "outcome class",
        72,
    )
    assert kept.longer["tau_mean"] == pytest.approx(0.06)
    gone = assess(on, off, longer=later["longer"], longer_off=later["longer"])
    assert gone.longer["share"] == 0.0, "without an effect the plateau is a stand-off"
    assert gone.longer["tau_mean"] == 0.0
    path = assess(on, off, longer=later["longer"])
    assert tuple(path.longer[name] for name in ("share", "of", "tau_mean")) == (1.0, "path", None)
    told = verdict_entry(kept, NAMES)
    assert told["class_kept_in_longer_run"] == 1.0
    assert told["longer_run"]["interval"][0] > 0.9
    with pytest.raises(ValueError, match="longer_off"):
        assess(on, off, longer_off=later["longer"])
