"""The strict frozen base of every table in a scenario, and how a parameter states its facts."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

Flag = Literal["fitted", "literature", "assumed", "data", "input"]


SMALLEST = 1e-6


class Part(BaseModel):
    """A frozen table of a scenario: unknown keys are refused, types are strict, NaN is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True
    )


def par(
    default: Any,
    doc: str,
    unit: str = "-",
    low: float | None = None,
    high: float | None = None,
    *,
    above: float | None = None,
    source: str = "",
    flag: Flag = "assumed",
    log: bool = False,
    **more: Any,
) -> Any:
    """A parameter with unit, range, sentence, source and flag (`...` as default = required).

    One that must lie above 0 lies at `SMALLEST` or more: what is less makes numbers without sense.
    `log` says that the model uses its logarithm, so that halfway is the geometric mean.
    """
    if above == 0.0:
        low, above = SMALLEST, None
    facts: Any = {"unit": unit, "source": source, "flag": flag}
    if log:
        facts["log"] = True
    return Field(
        default,
        description=doc,
        ge=low,
        le=high,
        gt=above,
        json_schema_extra=facts,
        **more,
    )


class Evidence(TypedDict):
    """Where a number comes from, and what kind of knowledge that is."""

    source: str
    flag: Flag


def cited(source: str) -> Evidence:
    """The evidence of a publication: ``par(..., **cited("Bass (1969)"))``."""
    return {"source": source, "flag": "literature"}


def recorded(source: str) -> Evidence:
    """The evidence of rows of the record."""
    return {"source": source, "flag": "data"}


def input_par(default: Any, doc: str, *range_of: Any, **more: Any) -> Any:
    """A parameter that the user chooses."""
    return par(default, doc, *range_of, flag="input", **more)


def share_par(default: Any, doc: str, **more: Any) -> Any:
    """A parameter that is a share: from 0 to 1."""
    return par(default, doc, unit="share", low=0.0, high=1.0, **more)


def monthly_par(default: Any, doc: str, **more: Any) -> Any:
    """A parameter that is a share by the month: from 0 to 1."""
    return par(default, doc, unit="1/month", low=0.0, high=1.0, **more)


def part_par(default: Any, doc: str, **more: Any) -> Any:
    """A parameter that is a share above 0, up to 1."""
    return par(default, doc, "share", above=0.0, high=1.0, **more)


def half_life_par(doc: str) -> Any:
    """A half-life in months that may be absent."""
    return par(None, doc, "month", above=0.0, high=1e4)


def table(kind: type[Part], doc: str) -> Any:
    """A sub-table that may be left out: its own defaults hold."""
    return Field(default_factory=kind, description=doc)


def strategy_table(kind: str, usual: str | None, doc: str) -> Any:
    """A flat table that names a strategy beside its parameters; usual None = may be absent."""
    facts: Any = {"unit": "-", "source": "", "flag": "input", "strategies": kind}
    default = None if usual is None else {"strategy": usual}
    return Field(default, description=doc, json_schema_extra=facts)


def facts_of(field: FieldInfo | None) -> dict[str, Any]:
    """What a field states beside its sentence and range: unit, source, flag."""
    facts = None if field is None else field.json_schema_extra
    return facts if isinstance(facts, dict) else {}


@cache
def strategy_fields(model: type[BaseModel]) -> dict[str, str]:
    """Kinds of the flat strategy tables of a model by field name."""
    stated = {name: facts_of(field) for name, field in model.model_fields.items()}
    return {
        name: str(facts["strategies"]) for name, facts in stated.items() if "strategies" in facts
    }
