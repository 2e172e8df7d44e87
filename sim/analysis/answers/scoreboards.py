"""Scoreboard families: concentration, growth and shares, published figures."""

from __future__ import annotations

from typing import Any

from sim.analysis.verification import Inputs, family
from sim.economics import anchors, concentration, growth

PERCENT = 100


@family("concentration")
def concentration_measures(inputs: Inputs) -> dict[str, Any]:
    """Indices of a list of shares and what a merger does to them."""
    shares = inputs["shares"]
    answer = {
        "hhi_fraction": concentration.hhi(shares),
        "hhi_points": concentration.hhi_points(shares),
        "effective_number": concentration.effective_number(shares),
        **{f"cr{n}": concentration.concentration_ratio(shares, n) for n in (1, 3, 4)},
        "shannon_entropy_nats": concentration.entropy(shares),
        "leader_over_sum_2_to_4": concentration.lead_over_followers(shares, 3),
    }
    if inputs.get("merge_pair") is not None:
        pair = inputs["merge_pair"]
        delta = concentration.merger_delta_hhi(shares, *pair)
        answer["delta_hhi_points_if_merge"] = delta * concentration.POINTS
        after = concentration.merged(shares, *pair)
        answer["hhi_points_after_merge"] = concentration.hhi_points(after)
    return answer


@family("growth_share_identity")
def growth_share_identity(inputs: Inputs) -> dict[str, Any]:
    """Growth of vendors, of the market and of shares."""
    volumes = inputs["volumes_by_vendor"]
    result = growth.growth_and_shares(volumes)
    return {
        "shares": result.shares,
        "log_growth": result.log_growth,
        "market_log_growth": result.market_log_growth,
        "share_log_change": result.share_log_change,
        "share_ratio_0_over_1_log_change": growth.share_ratio_log_change(volumes, 0, 1),
    }


@family("article_anchor_arithmetic")
def article_anchors(inputs: Inputs) -> dict[str, Any]:
    """Ratios behind published figures: prices and shares, or token volumes."""
    return _volumes(inputs) if "h1_tokens_trillion" in inputs else _prices_and_shares(inputs)


def _prices_and_shares(inputs: Inputs) -> dict[str, Any]:
    price, discount = inputs["doubao_price_per_1k"], inputs["discount_vs_average"]
    ali_revenue, volc_revenue = inputs["omdia_alibaba"], inputs["omdia_volcano"]
    ali_tokens, volc_tokens = inputs["idc_alibaba"], inputs["idc_h1_2025"]
    bids = inputs["li_auto_volcano_bid"], inputs["li_auto_alibaba_bid"]
    average = anchors.implied_average_price(price, discount)
    return {
        "implied_average_price": average,
        "price_ratio": average / price,
        "revenue_share_ratio_ali_over_volc": ali_revenue / volc_revenue,
        "token_share_ratio_volc_over_ali": volc_tokens / ali_tokens,
        "share_gain_pp": PERCENT * (volc_tokens - inputs["idc_2024"]),
        "li_auto_headline_discount": anchors.bid_discount(*bids),
        "li_auto_effective_discount_incl_investment": anchors.bid_discount(
            *bids, inputs["li_auto_investment"]
        ),
        "token_to_revenue_conversion_volcano": anchors.token_to_revenue_conversion(
            volc_revenue, volc_tokens
        ),
        "token_to_revenue_conversion_alibaba": anchors.token_to_revenue_conversion(
            ali_revenue, ali_tokens
        ),
    }


def _volumes(inputs: Inputs) -> dict[str, Any]:
    daily = inputs["h1_tokens_trillion"] / inputs["days"]
    challenger = daily * inputs["volc_share"]
    multiple = anchors.growth_multiple(
        inputs["doubao_may2024_trn_per_day"], inputs["doubao_sep2025"]
    )
    return {
        "external_total_trn_per_day": daily,
        "volcano_external_trn_per_day": challenger,
        "growth_multiple": multiple,
        "monthly_growth_rate": anchors.monthly_growth_rate(multiple, inputs["months"]),
        "arc_elasticity_if_all_growth_due_to_cut": anchors.arc_elasticity(
            multiple, inputs["price_cut"]
        ),
        "all_doubao_over_volcano_external": inputs["doubao_end2025"] / challenger,
    }
