"""How figures look, for all kinds: nothing off the canvas, covered, too small or too pale."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure

from sim.plot.forecast import draw_family
from sim.plot.material import Material
from sim.plot.registry import SWEEPS, plots
from sim.plot.style import vendor_styles
from sim.scenario.reader import load
from tests.unit.plot.conftest import CHINESE
from tests.unit.plot.layout import flaws

ROOT = Path(__file__).resolve().parents[3]
LONG = "International Joint-Stock Company for Cloud Services and Models, Region {}"
MONTHS = 24
QUANTILES = (5, 25, 50, 75, 95)
POINTS = ("on", "off_money_kept", "off_money_in_price", "on_challenger_hosts")
POINTS += ("off_money_kept_challenger_hosts", "challenger_off")
STRATEGIES = ("historical", "cost_plus", "undercut:below=0.1", "best_response", "without_levers")


def test_the_check_finds_what_is_wrong():
    fig = Figure((4.0, 3.0))
    ax = fig.add_axes((0.2, 0.2, 0.6, 0.6))
    ax.plot([0.0, 1.0], [0.0, 1.0], label="a line")
    ax.tick_params(labelsize=6)
    fig.text(0.5, 0.98, "beyond the edge of the canvas by far", size=20)
    ax.text(0.1, 0.5, "one text", transform=ax.transAxes)
    ax.text(0.12, 0.5, "another", transform=ax.transAxes)
    ax.text(0.5, 0.1, "too pale", color="#BBBBBB", transform=ax.transAxes)
    ax.text(0.0, 0.9, "under the legend", transform=ax.transAxes)
    ax.legend(loc="upper left")
    found = "\n".join(flaws(fig))
    assert "off the canvas: 'beyond" in found
    assert "'one text' / 'another'" in found
    assert "'under the legend' / legend" in found
    assert "6.0 points: '0.0'" in found
    assert "'too pale'" in found
    assert "a line" not in found


def _named(market, labels):
    """The market with so many vendors of these labels; the first two are the rivals."""
    names = [f"vendor_{i}" for i in range(len(labels))]
    content = {
        "name": market.name,
        "calendar": {"start": "2024-01", "months": MONTHS},
        "contest": {"incumbent": names[0], "challenger": names[1]},
        "segments": {"all": {"share": 1.0}},
        "kinds": {"chat": {"presence": 1.0, "volume": 1.0}},
        "vendors": {name: {"label": label} for name, label in zip(names, labels, strict=True)},
    }
    return type(market).model_validate(content)


CASES = {
    "main": None,
    "episode": None,
    "names": [LONG.format(1), *CHINESE, LONG.format(2), "A $x_{$ B", "<b>&amp; under_scored"],
    "two": ["North", "South"],
    "twenty": [f"Vendor {i} of twenty" for i in range(20)],
}
OF_ALL = "names"  # the hardest names: every kind is drawn with them
OF_VENDORS = {"belts", "compare", "curves", "final", "flows", "prices", "worlds"}
EPISODE = {"episode", "curves", "final", "flows", "prices"}


def _market(case, made_up):
    if case == "main":
        return load(ROOT / "scenarios" / "volcano-dam.toml")
    if case == "episode":
        return load(ROOT / "scenarios" / "overseas.toml")
    return _named(made_up, CASES[case])


def _curves(market):
    """Curves of every measure that pictures show, with some vendors near others at the end."""
    rng = np.random.default_rng(3)
    names = list(market.vendors)
    points = POINTS if not market.episode.measure else ("on", "episode_off")
    shape = (len(points), 12, MONTHS, len(names))
    level = np.exp(rng.normal(0.0, 1.2, len(names)) + 0.03 * np.arange(MONTHS)[:, None] % 1.7)
    noise = np.exp(0.1 * rng.standard_normal(shape))
    tokens = level * noise / (level * noise).sum(axis=-1, keepdims=True)
    dims = ("point", "replicate", "month", "vendor")
    flow = rng.gamma(2.0, 40.0, (*shape, len(names) + 2))
    variables = {
        "platform_token_share": (tokens, "share"),
        "full_stack_revenue_share": (tokens[..., ::-1], "share"),
        "family_token_share": (tokens, "share"),
        "overseas_family_share": (tokens, "share"),
        "price_index": (20.0 * tokens + 0.01, "yuan/million tokens"),
        "profit": (4e9 * (tokens - 0.1), "yuan/month"),
    }
    data = xr.Dataset(
        {name: (dims, values, {"unit": unit}) for name, (values, unit) in variables.items()},
        coords={
            "point": list(points),
            "replicate": np.arange(12),
            "month": pd.date_range("2024-01-01", periods=MONTHS, freq="MS"),
            "vendor": names,
        },
    )
    to = ("vendor_to", [*names, "own_machines", "postponed"])
    facts = {"unit": "workloads/month"}
    return data.assign(switching_flow=((*dims, "vendor_to"), flow, facts)).assign_coords(
        vendor_to=to
    )


HEAD = {
    "n": 12,
    "root_seed": 1,
    "seeds": list(range(12)),
    "interval_types": ["paired t, 95 %"],
    "scenario": "made-up",
    "scenario_hash": "1a2b3c4d",
    "folder": "results/made-up-1a2b3c4d",
    "replicates": 12,
    "notes": [],
}


def _row(label, mean, **facts):
    ends = {"low": mean - 0.3, "high": mean + 0.4, "interval_type": "paired t, 95 %", "n": 12}
    return {"label": label, "mean": mean, "facts": facts, **ends}


def _findings(market):
    """What the verbs store, with many rows and long names."""
    incumbent, challenger = market.contest.incumbent, market.contest.challenger
    levers = [f"lever_with_a_long_name_{i}" for i in range(6)]
    shapley = [_row(name, 6.0 / (i + 1) - 1.0) for i, name in enumerate(levers)]
    shapley += [_row(f"interaction {a} x {b}", 0.01) for a in levers for b in levers if a < b]
    unknowns = [f"unknown_number_{i}_of_a_long_list" for i in range(20)]
    table = [_row(name, 3.0 - 0.15 * i, mu=-1.0) for i, name in enumerate(unknowns)]
    rng = np.random.default_rng(2)
    payoff = rng.normal(100.0, 60.0, (5, 5)).tolist()
    path = {side: rng.dirichlet(np.ones(5), 40).tolist() for side in ("incumbent", "challenger")}
    prints = {
        "names": list(STRATEGIES),
        "price_over_cost": rng.uniform(0.5, 3.0, (5, 4, 2)).tolist(),
        "rival_price_over_cost": [0.5, 1.0, 2.0, 4.0],
        "own_token_share": [0.1, 0.5],
        "months": 12,
    }
    axis = {"unit": "util", "values": np.linspace(0.0, 4.0, 9).tolist()}
    surface = np.add.outer(np.linspace(0.0, 0.6, 9), np.linspace(0.0, 0.6, 9))
    points = [
        {"x": x, "y": y, "share": 0.3, "interval": [0.1, 0.5], "n": 12}
        for x in axis["values"][::2]
        for y in axis["values"][::2]
    ]
    claims = {
        f"claim_{i}": {
            "verdict": verdict,
            "statement": "open weights hold the challenger below 50 % of platform tokens " * 2,
            "share_of_runs": 0.8,
            "interval": [0.5, 0.95],
            "probability": 0.9,
            "runs": 36,
            "effective_runs": 30.0,
        }
        for i, verdict in enumerate(("supported", "undetermined", "refuted"))
    }
    settings = [
        {
            "thresholds": {"lead_margin": a, "ceiling_share": b, "minimum_effect": c},
            "share": 0.9 - 4.0 * a,
            "interval": [0.5, 0.95],
            "overall": ("supported", "undetermined", "refuted")[i % 3],
            "contained": ("refuted", "supported", "undetermined")[j],
        }
        for i, a in enumerate((0.01, 0.02, 0.03))
        for j, b in enumerate((0.55, 0.6, 0.65))
        for c in (0.015, 0.03, 0.045)
    ]
    entry = {
        "n": 12,
        "overall": "undetermined",
        "thresholds": {"lead_margin": 0.02, "ceiling_share": 0.6, "minimum_effect": 0.03},
        "emergence": {"interval_type": "Wilson, 0.95"},
        "specification": {
            "n": 12,
            "axes": ["lead_margin", "ceiling_share", "minimum_effect"],
            "points": settings,
            "same_overall": 0.33,
        },
    }
    box = {
        name: {"low": 0.4, "high": 2.5, "low_level": 0.1 * i, "high_level": 0.5 + 0.1 * i}
        | {"quasi_p": 0.01, "restricted_in": 0.9}
        for i, name in enumerate(unknowns[:3])
    }
    return {
        "attribution.json": HEAD
        | {
            "rows": shapley,
            "title": "Shapley shares of the incumbent's levers, points (64 worlds)",
        },
        "sensitivity.json": HEAD
        | {
            "method": "morris",
            "title": "Morris screening: mean size of the effect of an unknown over its range (mu*)",
            "draws": 240,
            "tables": dict.fromkeys(("challenger_share", "tau", "containment"), table),
        },
        "prim/sensitivity.json": HEAD
        | {
            "method": "prim",
            "unknowns": [{"name": name} for name in unknowns],
            "facts": {
                "box": box,
                "levels": rng.uniform(size=(60, 20)).tolist(),
                "fails": rng.integers(0, 2, 60).tolist(),
                "fails_in": 30,
                "draws": 60,
                "coverage": 0.52,
                "density": 0.99,
                "resamples": 50,
            },
        },
        "tournament.json": HEAD
        | {
            "rows": list(STRATEGIES),
            "columns": list(STRATEGIES),
            "contest": {"incumbent": incumbent, "challenger": challenger},
            "payoff": {"incumbent": payoff, "challenger": payoff, "measure": "objective"}
            | {"unit": "million yuan a month, discounted mean over the run"},
            "game": {"interval_type": "seed bootstrap, 95 %"}
            | dict.fromkeys(("regret", "regret_low", "regret_high", "pure_frequency"), payoff),
            "equilibria": [
                {
                    "pure": True,
                    "incumbent": {"cost_plus": 1.0},
                    "challenger": {"best_response": 1.0},
                    "frequency": 0.72,
                }
            ],
            "replicator": {"time": list(range(40)), **path},
            "fingerprints": {incumbent: prints, challenger: prints},
        },
        "frontier.json": HEAD
        | {
            "x": axis | {"path": "demand.switching_cost.api"},
            "y": axis | {"path": f"vendors.{challenger}.pricing.parameters.target_share"},
            "points": points,
            "probability": surface.tolist(),
            "above": np.clip(surface, 0.0, 1.0).tolist(),
            "area": 0.62,
            "area_interval": [0.03, 0.69],
            "outcomes": ["containment"],
            "runs": 300,
            "runs_of_the_whole_lattice": 1000,
        },
        "hysteresis.json": HEAD
        | {
            "path": "demand.switching_cost.api",
            "unit": "util",
            "measure": "platform_token_share",
            "gap": 0.03,
            "gap_interval": [0.01, 0.05],
            "depends_on_the_past": True,
            "rows": [
                {"value": float(v), "up": 0.4, "down": 0.4 + 0.02 * v}
                | {"gap": 0.02 * v, "gap_interval": [0.0, 0.06]}
                for v in range(5)
            ],
        },
        "comparison.json": HEAD | {"worlds": list(POINTS[:3])},
        "claims.json": HEAD
        | {
            "name": "made-up",
            "seed": 1,
            "claims": claims,
            "points": 12,
            "interval": "Wilson, 95 %, over effective runs",
        },
        "verdict.json": HEAD | {"primary": "money_kept", "verdicts": {"money_kept": entry}},
    }


@pytest.fixture(scope="module")
def material_of(tmp_path_factory):
    """The material of a case, with the findings of all verbs beside it."""
    from tests.unit.plot.conftest import make_scenario

    def make(case):
        market = _market(case, make_scenario())
        folder = tmp_path_factory.mktemp("stored")
        for file, found in _findings(market).items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(json.dumps(found))
        return Material(_curves(market), market, 1, "1a2b3c4d5e6f", folder)

    return make


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_kind_can_be_read(case, material_of, chinese_font):
    data = material_of(case)
    found = []
    kinds = {name for name, kind in plots().items() if kind.of != SWEEPS} - {"episode"}
    some = {OF_ALL: kinds, "episode": EPISODE}
    for name in sorted(some.get(case, OF_VENDORS)):
        own = replace(data, folder=data.folder / "prim") if name == "failure_box" else data
        fig, _ = plots()[name].draw(own)
        found += [f"{name}: {flaw}" for flaw in flaws(fig)]
        assert max(fig.get_size_inches()) < 16.0, name
    fig, _ = _forecast(data)
    found += [f"forecast: {flaw}" for flaw in flaws(fig)]
    assert found == []


def _forecast(data):
    """A forecast of two metrics for every vendor."""
    ends = pd.date_range("2026-01-31", periods=8, freq="ME")
    labels = {style.label: style for style in vendor_styles(data.scenario).values()}
    rows = [
        {
            "metric": metric,
            "entity": label,
            "unit": unit,
            "period_start": end - pd.Timedelta(days=30),
            "period_end": end,
            **{f"q{q:02}": level * (1.0 + 0.1 * i) * (0.5 + q / 100.0) for q in QUANTILES},
        }
        for metric, unit in (("platform_token_share", "%"), ("model_call_revenue", "M yuan"))
        for i, label in enumerate(labels)
        for level in (10.0 + i,)
        for end in ends
    ]
    empty = pd.DataFrame(columns=["metric", "entity", "period_start", "period_end", "value"])
    return draw_family(pd.DataFrame(rows), empty, "By 2026-08 one figure moves", "n = 12.", labels)
