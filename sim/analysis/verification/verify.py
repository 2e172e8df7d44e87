"""Known answers: compute every case from its inputs alone and compare with what is expected."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.errors import SimError
from sim.files import FileError, json_of, read_text
from sim.registry import Registry

Case = Mapping[str, Any]
Inputs = Mapping[str, Any]
Adapter = Callable[..., dict[str, Any]]

NOTES = frozenset(
    {"effect_definition", "formula", "formulas", "interaction_formula", "names", "note", "notes"}
    | {"numpy_note", "remainder", "rule"}
)  # texts beside the numbers; a family that depends on one checks it by `stated`
DROPPED = {  # families, and keys of kept families, that no running code answers
    "sobol_sensitivity.S13": "no verb reports indices of pairs",
    "article_anchor_arithmetic": "arithmetic of published figures",
    "bass.cumulative": "closed form of the limit of short periods: tests/theory",
    "bass.cumulative_at_peak": "as bass.cumulative",
    "bass.peak_sales_rate": "as bass.cumulative",
    "bass.peak_time": "as bass.cumulative",
    "calibration": "no verb estimates posteriors or moment distances of this kind",
    "capacity_congestion": "vendors ration pro rata; there is no queue and no quality of service",
    "client_size_distribution": "closed form of the drawn client sizes: tests/theory",
    "concentration.cr1": "no measure reports concentration ratios",
    "concentration.cr3": "as concentration.cr1",
    "concentration.cr4": "as concentration.cr1",
    "concentration.leader_over_sum_2_to_4": "no measure reports it",
    "concentration.shannon_entropy_nats": "no measure reports it",
    "crn_coupling": "closed form of two worlds with common draws: tests/theory",
    "growth_share_identity": "an identity; no measure reports log growth",
    "learning_by_doing_mpe": "no strategy plays a Markov perfect equilibrium",
    "multihoming": "no measure reports chances of single-homing",
    "nerlove_arrow.half_life_months": "closed form of the decay of goodwill",
    "nerlove_arrow.long_run_elasticity": "as nerlove_arrow.half_life_months",
    "nerlove_arrow.long_run_multiplier": "as nerlove_arrow.half_life_months",
    "nerlove_arrow.short_run_elasticity_at_steady_state": "as nerlove_arrow.half_life_months",
    "nerlove_arrow.steady_state": "as nerlove_arrow.half_life_months",
    "network_effects_tipping": "clients gain from agents, not from each other: tests/theory",
    "poaching": "closed forms on a line; bids for key accounts follow `key_account_auction`",
    "polya_arthur_urn": "lineages of models grow in expectation, not by draws",
    "preferential_attachment.pmf_1_to_6": "sizes are expected values, without a distribution",
    "q_learning.half_exploration_periods": "closed form of the exploration rate",
    "switching_cost_mpe": "no strategy plays a Markov perfect equilibrium",
    "switching_markov": "closed form of reviews and switching: tests/theory",
    "token_demand_jevons": "arithmetic of elasticities",
    "two_sided_platform": "closed forms of tipping and two-sided prices: tests/theory",
    "wright_law.average_cost_lot": "cost is booked by month, not by lot",
    "wright_law.output_multiple_to_halve_cost": "closed form of the experience curve",
    "wright_law.total_cost_lot": "as wright_law.average_cost_lot",
}

EQUILIBRIUM_TOLERANCE = 1e-6  # lists of equilibria are matched as sets, at least this loosely
_REQUIRED = ("id", "family", "inputs", "expected", "tolerance")


class _Family(NamedTuple):
    adapter: Adapter
    wants_siblings: bool


_FAMILIES: Registry[_Family] = Registry("family", "sim.analysis.verification")


class Mismatch(NamedTuple):
    """One place where an answer differs from what is expected."""

    path: str
    expected: Any
    got: Any
    reason: str


class Row(NamedTuple):
    """One expected key of one case; ``path`` goes deeper where a mismatch is."""

    id: str
    family: str
    path: str
    expected: Any
    got: Any
    passed: bool


@dataclass(frozen=True)
class Report:
    """Outcome of checking a file of cases."""

    rows: tuple[Row, ...]
    uncovered: tuple[str, ...]
    dropped: dict[str, str]  # families, and keys, that are not answered, with the reason

    @property
    def passed(self) -> bool:
        """Whether there is something to check and every covered key agrees."""
        return bool(self.rows) and all(row.passed for row in self.rows)

    @property
    def failures(self) -> tuple[Row, ...]:
        """The rows that disagree."""
        return tuple(row for row in self.rows if not row.passed)

    def by_family(self) -> dict[str, tuple[int, int]]:
        """Cases passed and cases checked, for every covered family."""
        failed = {row.id for row in self.failures}
        cases = {(row.family, row.id) for row in self.rows}
        counts: dict[str, tuple[int, int]] = {}
        for name, case in sorted(cases):
            good, total = counts.get(name, (0, 0))
            counts[name] = (good + (case not in failed), total + 1)
        return counts


def family(name: str, *, siblings: bool = False) -> Callable[[Adapter], Adapter]:
    """Register the function that answers the cases of a family.

    The function takes the inputs of a case and returns ``{key: value}``. With ``siblings`` its
    second argument is the list of inputs of all cases of the family, itself included.

    Raises
    ------
    ValueError
        If the family already has a function.
    """

    def register(adapter: Adapter) -> Adapter:
        _FAMILIES.add(name, _Family(adapter, siblings), adapter)
        return adapter

    return register


class Given(Mapping[str, Any]):
    """The inputs of a case, which remember what was read."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs, self._read = inputs, set[str]()

    def __getitem__(self, key: str) -> Any:
        value = self._inputs[key]
        self._read.add(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._inputs)

    def __len__(self) -> int:
        return len(self._inputs)

    def unread(self) -> list[str]:
        """Fields that were not read and are no notes."""
        return sorted(set(self._inputs) - self._read - NOTES)


def families() -> dict[str, Adapter]:
    """All covered families by name, with their adapters."""
    return {name: entry.adapter for name, entry in _FAMILIES.all().items()}


def load_cases(path: str | Path | None = None) -> list[dict[str, Any]]:
    """Read a file of cases; the one shipped with the package by default.

    Raises
    ------
    SimError
        If the file cannot be read or is not a list of cases.
    """
    shipped = resources.files("sim") / "data" / "known_answers.json"
    source = shipped if path is None else Path(path)
    try:
        cases = json_of(read_text(str(source)))
    except FileError as error:
        raise SimError(f"cannot read cases from {error}") from error
    except ValueError as error:
        raise SimError(f"cannot read cases from {source}: {error}") from error
    if not isinstance(cases, list):
        raise SimError(f"{source} does not hold a list of cases")
    for number, case in enumerate(cases):
        missing = [k for k in _REQUIRED if not isinstance(case, dict) or k not in case]
        if missing:
            raise SimError(f"{source}: case {number} lacks {', '.join(missing)}")
    return cases


def answer_cases(cases: Sequence[Case]) -> dict[str, dict[str, Any]]:
    """Answers ``{id: {key: value}}`` of the cases whose family is covered, ready for JSON.

    Expected values are not read. A case that cannot be answered gets ``{"error": message}``.
    """
    covered = families()
    inputs: dict[str, list[Inputs]] = {}
    for case in cases:
        inputs.setdefault(case["family"], []).append(case["inputs"])
    return {
        case["id"]: _answer(case["family"], case["inputs"], inputs[case["family"]])
        for case in cases
        if case["family"] in covered
    }


def uncovered(cases: Iterable[Case]) -> list[str]:
    """Families among the cases that have no adapter and were not dropped."""
    return sorted({case["family"] for case in cases} - families().keys() - DROPPED.keys())


def dropped(cases: Iterable[Case]) -> dict[str, str]:
    """Families, and keys of kept ones, among the cases that were dropped, with the reason."""
    names = {case["family"] for case in cases}
    names |= {f"{case['family']}.{key}" for case in cases for key in case.get("expected", ())}
    return {name: reason for name, reason in DROPPED.items() if name in names}


def compare(answer: Mapping[str, Any] | None, case: Case) -> list[Mismatch]:
    """Differences between an answer and a case's expected values.

    Numbers agree if ``|x - y| <= abs + rel |y|``; strings, booleans and null must be equal; lists
    and dicts are compared element by element, extra keys in the answer are ignored, and lists of
    equilibria are compared as sets. Dropped keys are left out.
    """
    if answer is None:
        return [Mismatch("", case["expected"], None, "missing case")]
    bounds = case["tolerance"]
    return _differences(dict(answer), _expected(case), bounds["abs"], bounds["rel"], "")


def verify(cases: Sequence[Case]) -> Report:
    """Answer and compare all cases; what has no adapter or was dropped is listed, not failed."""
    answers = answer_cases(cases)
    rows: list[Row] = []
    for case in cases:
        if case["id"] in answers:
            rows.extend(_rows(case, answers[case["id"]]))
    return Report(tuple(rows), tuple(uncovered(cases)), dropped(cases))


def _expected(case: Case) -> dict[str, Any]:
    """The expected values that running code answers."""
    name = case.get("family")
    return {k: v for k, v in case["expected"].items() if f"{name}.{k}" not in DROPPED}


def plain(value: Any) -> Any:
    """Value as JSON holds it: arrays become lists, enums their value, NaN and infinity null."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _answer(name: str, inputs: Inputs, siblings: list[Inputs]) -> dict[str, Any]:
    entry, given = _FAMILIES.get(name), Given(inputs)
    try:
        raw = entry.adapter(given, siblings) if entry.wants_siblings else entry.adapter(given)
        if given.unread():
            raise ValueError(f"field {', '.join(given.unread())} is not known")
    except (ValueError, ArithmeticError, LookupError, TypeError, SimError) as error:
        return {"error": f"{type(error).__name__}: {error}"}
    return dict(plain(raw))


def _rows(case: Case, answer: Mapping[str, Any]) -> list[Row]:
    wrong: dict[str, list[Mismatch]] = {}
    for mismatch in compare(answer, case):
        key = next(k for k in _expected(case) if _begins(mismatch.path, k))
        wrong.setdefault(key, []).append(mismatch)
    rows = []
    for key, expected in _expected(case).items():
        if key not in wrong:
            rows.append(Row(case["id"], case["family"], key, expected, answer[key], True))
            continue
        got_error = answer.get("error")
        for item in wrong[key]:
            got = got_error if item.reason == "missing" and got_error else item.got
            rows.append(Row(case["id"], case["family"], item.path, item.expected, got, False))
    return rows


def _begins(path: str, key: str) -> bool:
    return path == key or path.startswith((f"{key}.", f"{key}["))


def _differences(got: Any, want: Any, ab: float, rel: float, path: str) -> list[Mismatch]:
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping):
            return [Mismatch(path, want, got, "type")]
        out: list[Mismatch] = []
        for key, value in want.items():
            where = f"{path}.{key}" if path else str(key)
            if key not in got:
                out.append(Mismatch(where, value, None, "missing"))
            else:
                out.extend(_differences(got[key], value, ab, rel, where))
        return out
    if isinstance(want, list):
        if not isinstance(got, list) or len(got) != len(want):
            return [Mismatch(path, want, got, "length")]
        if path.rpartition(".")[2] == "equilibria":
            return _set_differences(got, want, max(ab, EQUILIBRIUM_TOLERANCE), rel, path)
        pairs = enumerate(zip(got, want, strict=True))
        return [d for i, (x, y) in pairs for d in _differences(x, y, ab, rel, f"{path}[{i}]")]
    if _is_number(want):
        close = _is_number(got) and abs(got - want) <= ab + rel * abs(want)
        return [] if close else [Mismatch(path, want, got, "value")]
    same = got == want and type(got) is type(want)
    return [] if same else [Mismatch(path, want, got, "value")]


def _set_differences(
    got: list[Any], want: list[Any], ab: float, rel: float, path: str
) -> list[Mismatch]:
    left, out = list(got), []
    for item in want:
        hit = next((x for x in left if not _differences(x, item, ab, rel, f"{path}[]")), None)
        if hit is None:
            out.append(Mismatch(path, item, None, "equilibrium not found"))
        else:
            left.remove(hit)
    return out


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
