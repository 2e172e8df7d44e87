"""A made-up result: two worlds pairs, one failed run, two humps, all measures of the figures."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from sim.plot import style
from sim.plot.canvas import _width
from sim.plot.material import Material
from sim.scenario.schema.scenario import Scenario

VENDORS = {
    "alibaba_cloud": {"label": "Alibaba Cloud", "colour": "#FF6A00"},
    "volcano_engine": {"label": "Volcano Engine"},
    "baidu_ai_cloud": {"label": "Baidu AI Cloud"},
    "huawei_cloud": {},
    "tencent_cloud": {},
    "deepseek": {"label": "DeepSeek", "model_company": True},
}
POINTS = (
    "on",
    "off_money_kept",
    "off_money_in_price",
    "on_challenger_hosts",
    "off_money_kept_challenger_hosts",
    "off_money_in_price_challenger_hosts",
    "challenger_off",
)
MONTHS = 36
REPLICATES = 40
FAILED = 3
PSEUDO = ("own_machines", "postponed")


def make_scenario(**changes):
    content = {
        "name": "made-up",
        "calendar": {"start": "2024-01", "months": MONTHS},
        "contest": {"incumbent": "alibaba_cloud", "challenger": "volcano_engine"},
        "segments": {"all": {"share": 1.0}},
        "kinds": {"chat": {"presence": 1.0, "volume": 1.0}},
        "vendors": VENDORS,
    }
    return Scenario.model_validate({**content, **changes})


def _shares(rng, start, end, moved):
    """(point, replicate, month, vendor) shares that drift from start to end; half the runs hump."""
    time = np.linspace(0.0, 1.0, MONTHS)[:, None]
    path = np.log(np.asarray(start)) * (1 - time) + np.log(np.asarray(end)) * time
    shape = (len(POINTS), REPLICATES, MONTHS, len(VENDORS))
    noise = 0.02 * rng.standard_normal(shape).cumsum(axis=2)
    utility = path + noise[:1] + 0.1 * rng.standard_normal((1, REPLICATES, 1, len(VENDORS)))
    utility = np.repeat(utility, len(POINTS), axis=0)
    hump = (np.arange(REPLICATES) % 2)[:, None] * time[:, 0]
    utility[..., 1] += 0.7 * moved * hump
    for place, point in enumerate(POINTS):
        utility[place, ..., 1] += (
            moved
            * time[:, 0]
            * (0.5 if "kept" in point else 0.2 if "price" in point else -0.6 * (point[0] == "c"))
        )
    share = np.exp(utility)
    return share / share.sum(axis=-1, keepdims=True)


def make_curves():
    rng = np.random.default_rng(5)
    labels = list(VENDORS)
    dims = ("point", "replicate", "month", "vendor")
    tokens = _shares(rng, [20, 46, 24, 3, 4, 3], [25, 45, 15, 5, 5, 5], 1.0)
    revenue = _shares(rng, [36, 13, 8, 12, 7, 1], [36, 15, 6, 13, 7, 1], 0.3)
    family = _shares(rng, [20, 30, 24, 3, 4, 10], [35, 30, 10, 5, 5, 15], 0.5)
    total = 3e6 * np.exp(0.1 * np.arange(MONTHS))[:, None]
    price = 12.0 * np.exp(-0.12 * np.arange(MONTHS))[:, None] + 0.5
    price = price * np.exp(0.1 * rng.standard_normal(tokens.shape))
    flow = rng.gamma(2.0, 40.0, (*tokens.shape, len(VENDORS) + len(PSEUDO)))
    variables = {
        "platform_token_share": (dims, tokens, "share", "platform token share"),
        "full_stack_revenue_share": (dims, revenue, "share", "full-stack revenue share"),
        "family_token_share": (dims, family, "share", "family token share"),
        "platform_tokens_domestic": (dims, tokens * total, "M tokens", "domestic platform tokens"),
        "family_tokens": (dims, family * total, "M tokens", "tokens by family owner"),
        "full_stack_revenue": (dims, revenue * 3e9, "yuan", "full-stack revenue"),
        "price_index": (dims, price, "yuan/M tokens", "price index"),
        "profit": (dims, 1e8 * (revenue - 0.1), "yuan", "Revenue less cost."),
        "hhi": (dims[:3], (tokens**2).sum(axis=-1), "-", "Herfindahl index of tokens"),
        "switching_flow": ((*dims, "vendor_to"), flow, "workloads/month", "switching flow"),
    }
    data = xr.Dataset(
        {
            name: (dim, values, {"unit": unit, "long_name": title})
            for name, (dim, values, unit, title) in variables.items()
        },
        coords={
            "point": list(POINTS),
            "replicate": np.arange(REPLICATES),
            "month": pd.date_range("2024-01-01", periods=MONTHS, freq="MS"),
            "vendor": labels,
            "vendor_to": [*labels, *PSEUDO],
        },
    )
    return data.where(data["replicate"] != FAILED)


@pytest.fixture(scope="session")
def scenario():
    return make_scenario()


@pytest.fixture(scope="session")
def curves_data():
    return make_curves()


@pytest.fixture(scope="session")
def data(curves_data, scenario):
    return Material(curves_data, scenario, 1, "1a2b3c4d5e6f")


@pytest.fixture
def result(tmp_path, curves_data, scenario):
    return SimpleNamespace(
        curves=curves_data, scenario=scenario, path=tmp_path, seed=7, scenario_hash="abcdef0123"
    )


CHINESE = ("阿里云百炼大模型服务平台", "火山引擎方舟")


def _square_font(path, text):
    """A font in which every character of a text is a square as wide as Chinese ones are."""
    pen = TTGlyphPen(None)
    corners = [(50, 0), (50, 850), (950, 850), (950, 0)]
    pen.moveTo(corners[0])
    for corner in corners[1:]:
        pen.lineTo(corner)
    pen.closePath()
    names = {ord(c): f"uni{ord(c):04X}" for c in text}
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", *names.values()])
    font.setupCharacterMap(names)
    font.setupGlyf(dict.fromkeys([".notdef", *names.values()], pen.glyph()))
    font.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (1000, 50)))
    font.setupHorizontalHeader(ascent=880, descent=-120)
    font.setupNameTable({"familyName": "Noto Sans CJK SC", "styleName": "Regular"})
    font.setupOS2(usWeightClass=400)
    font.setupPost()
    font.save(path)


@contextmanager
def _machine_with(*fonts):
    """A machine whose list of fonts has DejaVu alone, and on which these came later."""
    manager = font_manager.fontManager
    caches = (style.settings, style.has_glyphs, style._has_new_fonts, style._tell_missing, _width)

    def forget():
        manager._findfont_cached.cache_clear()
        for cache in caches:
            cache.cache_clear()

    with pytest.MonkeyPatch.context() as patch:
        listed = [entry for entry in manager.ttflist if entry.name.startswith("DejaVu")]
        patch.setattr(manager, "ttflist", listed)
        patch.setattr(font_manager, "findSystemFonts", lambda: [str(font) for font in fonts])
        forget()
        yield
    forget()


@pytest.fixture
def no_chinese_font():
    with _machine_with():
        yield


@pytest.fixture(scope="module")
def chinese_font(tmp_path_factory):
    path = tmp_path_factory.mktemp("fonts") / "squares.ttf"
    _square_font(path, "".join(sorted(set("".join(CHINESE)))))
    with _machine_with(path):
        yield
