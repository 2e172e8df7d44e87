"""Supply families: experience curves and congestion."""

from __future__ import annotations

from typing import Any

from sim.analysis.verification import Inputs, family
from sim.economics import costs, queues


@family("wright_law")
def wright_law(inputs: Inputs) -> dict[str, Any]:
    """Experience curve: unit cost after doublings and the cost of a lot."""
    first, base = inputs["initial_unit_cost"], inputs["initial_cumulative_output"]
    exponent = costs.learning_exponent(inputs["progress_ratio"])
    start, end = inputs["lot_start"], inputs["lot_end"]
    total = costs.lot_cost(first, base, exponent, start, end)
    grown = base * 2.0 ** inputs["doublings"]
    return {
        "learning_exponent_b": exponent,
        "unit_cost_after_doublings": costs.experience_unit_cost(first, grown, base, exponent),
        "total_cost_lot": total,
        "average_cost_lot": total / (end - start),
        "output_multiple_to_halve_cost": costs.output_multiple_to_halve_cost(exponent),
    }


@family("learning_with_forgetting")
def learning_with_forgetting(inputs: Inputs) -> dict[str, Any]:
    """Experience and unit cost at constant output, and where they settle."""
    first, base = inputs["initial_unit_cost"], inputs["E0"]
    exponent, loss = inputs["learning_exponent_b"], inputs["monthly_depreciation"]
    output = inputs["output_per_month"]
    experience = costs.experience_path(base, output, loss, inputs["T"])[-1]
    steady = costs.steady_state_experience(output, loss)
    return {
        "experience_T": experience,
        "unit_cost_T": costs.experience_unit_cost(first, experience, base, exponent),
        "steady_state_experience": steady,
        "steady_state_cost": costs.experience_unit_cost(first, steady, base, exponent),
    }


@family("capacity_congestion")
def capacity_congestion(inputs: Inputs) -> dict[str, Any]:
    """A queue of servers, or the share that congestion allows."""
    return _queue(inputs) if "arrival_rate" in inputs else _congested(inputs)


def _queue(inputs: Inputs) -> dict[str, Any]:
    rates = inputs["arrival_rate"], inputs["service_rate"]
    servers = inputs["servers"]
    load = queues.utilisation(*rates, servers)
    answer: dict[str, Any] = {
        "utilisation": load,
        "erlang_b_loss": queues.erlang_b(*rates, servers),
    }
    if load < 1:
        times = queues.erlang_c(*rates, servers)
        answer |= {
            "erlang_c_wait_prob": times.wait_probability,
            "mean_wait_in_queue": times.wait,
            "mean_time_in_system": times.time_in_system,
            "mm1_time_at_same_utilisation": queues.mm1_time(rates[1], load),
        }
    return answer


def _congested(inputs: Inputs) -> dict[str, Any]:
    result = queues.congested_share(
        inputs["a"] - inputs["alpha"] * inputs["price"],
        inputs["N"],
        inputs["K"],
        inputs["congestion_gamma"],
        inputs["exponent_nu"],
    )
    return {
        "share": result.share,
        "utilisation": result.utilisation,
        "uncongested_share": result.uncongested,
    }
