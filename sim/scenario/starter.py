"""The annotated file of `sim new`: a small market, with every other parameter as a comment."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.errors import Problem, ScenarioError
from sim.files import write_new
from sim.scenario.describe import Parameter, parameter, parameters
from sim.scenario.patches import key_text, toml_value
from sim.scenario.paths import shown, table_in
from sim.scenario.schema.scenario import Scenario
from sim.scenario.schema.vendors import Vendor, strategy_tables
from sim.strategies.registry import strategies

HEADING = """\
# {title}
# Every value below may be changed. A line such as `# months = 36` shows a default: take away the
# mark to set another value. The words above a value: meaning (unit; range; source).
# Check the file with `sim check`, run it with `sim run`, see all parameters with `sim describe`.
"""


def _note(facts: Parameter) -> str:
    unit = "" if facts.unit == "-" else facts.unit
    words = "; ".join(part for part in (unit, facts.range, facts.source) if part)
    return f"# {facts.doc}" + (f" ({words})" if words else "")


def _line(name: str, field: FieldInfo, given: Mapping[str, Any]) -> Iterator[str]:
    facts = parameter(name, field)
    yield _note(facts)
    if name in given:
        yield f"{name} = {toml_value(given[name])}"
    elif facts.default is None:
        yield f"# {name} ="
    else:
        yield f"# {name} = {toml_value(facts.default)}"


def _flat(kind: str, given: Mapping[str, Any], path: str) -> Iterator[str]:
    known = strategies(kind)
    yield f"\n# {kind.capitalize()}: {', '.join(known)}"
    yield f"[{path}]"
    yield f"strategy = {toml_value(given['strategy'])}"
    for name, field in known[given["strategy"]].Parameters.model_fields.items():
        yield from _line(name, field, given)


def _heading(model: type[BaseModel], table: str) -> Iterator[str]:
    yield f"\n# {(inspect.getdoc(model) or '').splitlines()[0]}"
    yield table


def _part(
    model: type[BaseModel], given: Mapping[str, Any], path: str, whole: bool
) -> Iterator[str]:
    """The lines of one table and of the tables in it; `whole` shows what is not given, too."""
    tables = []
    for name, field in model.model_fields.items():
        if (model is Vendor and name in strategy_tables()) or table_in(field.annotation)[1]:
            tables.append((name, field))
        elif isinstance(given.get(name), Mapping) and given[name]:
            yield _note(parameter(name, field))
            yield from (f"{name}.{key_text(k)} = {toml_value(v)}" for k, v in given[name].items())
        elif name in given or (whole and name != "parameters"):
            yield from _line(name, field, given)
    for name, field in tables:
        below = f"{path}.{name}" if path else name
        if name in given or whole:
            yield from _table(model, name, field, given.get(name), below, whole)


def _table(
    model: type[BaseModel], name: str, field: FieldInfo, given: Any, path: str, whole: bool
) -> Iterator[str]:
    if model is Vendor and name in strategy_tables():
        kind, usual = strategy_tables()[name]
        yield from _flat(kind, given or {"strategy": usual}, path)
        return
    part, how = table_in(field.annotation)
    if part is None:
        return
    if how == "one":
        yield from _heading(part, f"[{path}]")
        yield from _part(part, given or {}, path, whole)
    elif how == "named":
        for number, (key, item) in enumerate((given or {}).items()):
            place = f"{path}.{key_text(key)}"
            yield from _heading(part, f"[{place}]")
            yield from _part(part, item, place, whole and number == 0)
    elif not given:
        yield f"\n# {field.description}: write [[{path}]]"
    else:
        for item in given:
            yield from _heading(part, f"[[{path}]]")
            yield from _part(part, item, path, False)


def starter_text(name: str) -> str:
    """The annotated starting file, made from the models and a small market."""
    market = {**tomllib.loads(_data("starter.toml")), "name": name}
    lines = [HEADING.format(title=market["title"])]
    lines += _part(Scenario, market, "", True)
    return "\n".join(lines) + "\n"


def minimal_text(name: str) -> str:
    """A market in 40 lines that runs."""
    return _data("minimal.toml").replace('"NAME"', toml_value(name))


def study_text(scenario: Scenario, reference: str) -> str:
    """A study of a scenario that runs: its counterfactual worlds, an uncertainty, a claim."""
    contest, text = scenario.contest, _data("study.toml")
    moves = contest and any(lever.vendor == contest.incumbent for lever in scenario.levers.values())
    vendor = contest.incumbent if contest else next(iter(scenario.vendors))
    levers = {f"vendors.{vendor}.openness.strategy": ["closed", "open_weights"]}
    if moves:
        levers = {"world": ["on", "off_money_kept"]}
    claim = ""
    if contest:
        ceiling = scenario.containment.ceiling_share
        claim = CLAIM.format(challenger=contest.challenger, below=ceiling, percent=100.0 * ceiling)
    values = {
        "SCENARIO": toml_value(reference),
        "TITLE": f"What moves {scenario.name}?",
        "CLIENTS": str(min(scenario.population.clients, 1_000)),
        "LEVERS": "\n".join(f"{key_text(k)} = {toml_value(v)}" for k, v in levers.items()),
        "CLAIM": claim,
    }
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text.rstrip() + "\n"


CLAIM = """
[claims.stays_small]                    # a sentence that the runs can support or refute
statement = "the challenger stays below {percent:g} % of platform tokens"
measure = "platform_token_share"
of = "{challenger}"
below = {below}
probability = 0.9
"""


def _data(file: str) -> str:
    return (resources.files("sim") / "data" / file).read_text(encoding="utf-8")


def copy_text(base: Path, folder: Path, name: str) -> str:
    """The text of another scenario under a new name, without the posterior of the old one."""
    text = _own_text(base)
    if re.search(r"^extends\s*=", text, re.MULTILINE) and folder.resolve() != base.parent:
        from sim.scenario.patches import to_toml
        from sim.scenario.reader import load

        text = to_toml(load(base))
    text = re.sub(r"^name\s*=.*$", f"name = {toml_value(name)}", text, count=1, flags=re.MULTILINE)
    drawn = r"^posterior\s*=.*$"
    note = f"# the posterior of {base.name} is left out: sim run ... --posterior names one"
    return re.sub(drawn, note, text, count=1, flags=re.MULTILINE)


def _own_text(path: Path) -> str:
    from sim.scenario.reader import read_text

    return read_text(path, str(path))


def write_starter(name: str, folder: Path, text: Callable[[str], str] = starter_text) -> Path:
    """Write the starting file NAME.toml into the folder; an existing file stays as it is.

    `text` makes it from the name. ScenarioError if the name cannot be one, or the file exists.
    """
    stem = name.removesuffix(".toml")
    rule = next(p for p in parameters(Scenario) if p.path == "name")
    pattern = next(
        item.pattern for item in Scenario.model_fields["name"].metadata if hasattr(item, "pattern")
    )
    if not re.fullmatch(pattern.strip("^$"), stem) or stem.endswith("/"):
        raise ScenarioError([Problem("", "name", shown(name), f"must be a {rule.doc}")])
    path = folder / f"{stem}.toml"
    try:
        write_new(path, text(stem))
    except FileExistsError:
        raise ScenarioError(
            [Problem("", "name", shown(name), f"{path} exists and stays as it is")]
        ) from None
    return path
