"""Lists functions, classes and methods of `sim/` that no product path reaches.

Run ``python tests/reach.py``. The syntax trees are read; nothing is imported or run. Product paths
begin at

- the command of pyproject.toml, and the code at the top of each module,
- pairs of a module and a name in it as strings: the table of verbs, the public names of `sim`,
- what a decorator registers (measures, plots, sections, parts of an attribution),
- subclasses of a class that registers them (strategies, events),
- dunder methods, pydantic validators and methods that a foreign base class calls, of reached
  classes.

Names are resolved through the imports of a module. An attribute of something unknown reaches every
method of that name, so the list is a lower bound. Adapters of known answers are no product path.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1] / "sim"
ADAPTERS = "sim.analysis.verification."  # answer known cases; `verify` itself is a verb
WRAPPERS = {"formula", "inline", "kernel", "law", "step"} | {
    "cache",
    "cached_property",
    "contextmanager",
    "dataclass",
    "lru_cache",
    "wraps",
}  # decorators that register nothing
VALIDATORS = {"field_validator", "model_validator", "field_serializer", "model_serializer"}
PLAIN_BASES = {"Enum", "Generic", "NamedTuple", "Protocol", "StrEnum", "TypedDict"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Definition:
    """A function, class or method: `sim.module.name` or `sim.module.Class.name`."""

    name: str
    module: Module
    node: Function | ast.ClassDef
    owner: Definition | None = None
    members: dict[str, Definition] = field(default_factory=dict)

    @property
    def parts(self) -> Iterator[ast.AST]:
        """What counts as used when this is: all of a function; of a class all but its methods."""
        if not isinstance(self.node, ast.ClassDef):
            yield self.node
            return
        yield from [*self.node.bases, *self.node.decorator_list, *self.node.keywords]
        yield from (part for part in self.node.body if not isinstance(part, Function))


@dataclass
class Module:
    """A file: what its names stand for."""

    name: str
    tree: ast.Module
    imports: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)


def modules() -> dict[str, Module]:
    """All modules of the package by name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        module = Module(name, ast.parse(path.read_text(encoding="utf-8")))
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    module.imports[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    module.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        _define(module, module.tree.body, None)
        found[name] = module
    return found


def _define(module: Module, body: list[ast.stmt], owner: Definition | None) -> None:
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            _define(
                module, [s for s in ast.iter_child_nodes(node) if isinstance(s, ast.stmt)], owner
            )
        if not isinstance(node, Function | ast.ClassDef):
            continue
        prefix = owner.name if owner else module.name
        made = Definition(f"{prefix}.{node.name}", module, node, owner)
        (owner.members if owner else module.definitions)[node.name] = made
        if isinstance(node, ast.ClassDef):
            _define(module, node.body, made)


class Reach:
    """Walks from the roots over everything that is used."""

    def __init__(self) -> None:
        self.modules = modules()
        self.all = [d for m in self.modules.values() for d in _everything(m.definitions)]
        self.methods: dict[str, list[Definition]] = {}
        for one in self.all:
            if one.owner:
                self.methods.setdefault(one.name.rpartition(".")[2], []).append(one)
        self.reached: set[str] = set()
        self.used_names: set[str] = set()  # attributes of something unknown
        self.waiting: list[Definition] = []
        for module in self.modules.values():
            if not _adapter(module.name):
                self._start(module)
        project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))
        for entry in project["project"]["scripts"].values():
            self._reach(self._definition(entry.replace(":", ".")))
        while self.waiting:
            self._follow(self.waiting.pop())

    def unreached(self) -> list[str]:
        """Names of definitions that no product path reaches, sorted; of a class only the class."""
        missing = [
            d for d in self.all if d.name not in self.reached and not _adapter(d.module.name)
        ]
        return sorted(d.name for d in missing if not d.owner or d.owner.name in self.reached)

    def _start(self, module: Module) -> None:
        for statement in module.tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom | Function | ast.ClassDef):
                continue
            self._use(statement, module)
            for first, second in _pairs(statement):
                self._reach(self._definition(f"{first}.{second}"))
                self._reach(self._definition(f"{second}.{first}"))
        for one in module.definitions.values():
            if isinstance(one.node, ast.ClassDef):
                if self._registers(one):
                    self._reach(one)
            elif self._registered(one) or one.node.name in ("__getattr__", "__dir__"):
                self._reach(one)

    def _registered(self, one: Definition) -> bool:
        for decorator in one.node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if _last(called) not in WRAPPERS:
                return True
        return False

    def _registers(self, one: Definition) -> bool:
        """Whether a base class says what happens to its subclasses: registers them."""
        bases = [self._definition(self._target(b, one.module)) for b in one.node.bases]  # type: ignore[union-attr]
        return any(b and ("__init_subclass__" in b.members or self._registers(b)) for b in bases)

    def _follow(self, one: Definition) -> None:
        for part in one.parts:
            self._use(part, one.module)
        if one.owner:
            self._reach(one.owner)
        if not isinstance(one.node, ast.ClassDef):
            return
        foreign = any(self._foreign(base, one.module) for base in one.node.bases)
        for name, member in one.members.items():
            decorators = {
                _last(d.func if isinstance(d, ast.Call) else d) for d in member.node.decorator_list
            }
            if (
                name.startswith(("__", "_repr_"))
                or decorators & VALIDATORS
                or foreign
                or name in self.used_names
            ):
                self._reach(member)

    def _foreign(self, base: ast.expr, module: Module) -> bool:
        target = self._target(base, module) or ""
        return not target.startswith("sim.") and _last(base) not in PLAIN_BASES

    def _use(self, tree: ast.AST, module: Module) -> None:
        inner: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                inner.add(id(node.value))
                target = self._target(node, module)
                found = self._definition(target)
                if found:
                    self._reach(found)
                else:
                    self._use_name(node.attr)
            elif isinstance(node, ast.Name):
                self._use_value(node, module, bare=id(node) not in inner)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                if node.value.isidentifier():
                    self._use_name(node.value)
                for home, name in re.findall(r"from (sim[\w.]*) import (\w+)", node.value):
                    self._reach(self._definition(f"{home}.{name}"))

    def _use_value(self, node: ast.Name, module: Module, bare: bool) -> None:
        target = self._target(node, module)
        self._reach(self._definition(target))
        if bare and target in self.modules and target != module.name:  # a module as a value
            for one in self.modules[target].definitions.values():
                self._reach(one)

    def _use_name(self, name: str) -> None:
        if name not in self.used_names:
            self.used_names.add(name)
            for one in self.methods.get(name, ()):
                if one.owner and one.owner.name in self.reached:
                    self._reach(one)

    def _reach(self, one: Definition | None) -> None:
        if one and one.name not in self.reached:
            self.reached.add(one.name)
            self.waiting.append(one)

    def _target(self, node: ast.expr, module: Module) -> str | None:
        """Dotted name that an expression stands for, as far as imports and definitions tell."""
        if isinstance(node, ast.Subscript):
            return self._target(node.value, module)
        if isinstance(node, ast.Name):
            if node.id in module.definitions:
                return f"{module.name}.{node.id}"
            return module.imports.get(node.id)
        if isinstance(node, ast.Attribute):
            before = self._target(node.value, module)
            return f"{before}.{node.attr}" if before else None
        return None

    def _definition(self, target: str | None) -> Definition | None:
        for _ in range(9):  # a name may be imported from a module that imports it
            if not target:
                return None
            home, _, name = target.rpartition(".")
            if home in self.modules:
                module = self.modules[home]
                if name in module.definitions:
                    return module.definitions[name]
                target = module.imports.get(name)
                continue
            owner = self._definition(home)
            return owner.members.get(name) if owner else None
        return None


def _everything(definitions: dict[str, Definition]) -> Iterator[Definition]:
    for one in definitions.values():
        yield one
        yield from _everything(one.members)


def _adapter(module: str) -> bool:
    return module.startswith(ADAPTERS) and module != f"{ADAPTERS}verify"


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _last(node.value)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _pairs(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """Strings that stand beside each other: a module and a name in it."""
    for node in ast.walk(statement):
        values: list[ast.expr | None] = []
        if isinstance(node, ast.Dict):
            values = [part for pair in zip(node.keys, node.values, strict=True) for part in pair]
        elif isinstance(node, ast.Call):
            values = [*node.args]
        elif isinstance(node, ast.Tuple):
            values = [*node.elts]
        texts = [v.value if isinstance(v, ast.Constant) else None for v in values]
        for first, second in pairwise(texts):
            if isinstance(first, str) and isinstance(second, str):
                yield first, second


def unreached() -> list[str]:
    """Functions, classes and methods of `sim/` that no product path reaches."""
    return Reach().unreached()


if __name__ == "__main__":
    print("\n".join(unreached()))
