"""Named arrays and numbers that kernels take by reference.

A named tuple of many arrays is taken apart at every call and in every stage of a kernel, which
costs time when it runs and far more when it is compiled. A bundle is one address; a kernel reads
the fields it names, as `bundle.field`, and may write numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import (
    Annotated,
    Any,
    ClassVar,
    NamedTuple,
    Self,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
    unbox,
)
from numba.np.arrayobj import populate_array
from numba.np.numpy_support import as_dtype

WORD = 8  # bytes
# by annotation: type in kernels, and in Python's memory views
NUMBERS: dict[Any, tuple[Any, str]] = {
    float: (types.float64, "d"),
    int: (types.int64, "q"),
    bool: (types.boolean, "q"),
    np.uint64: (types.uint64, "Q"),
}


class BundleType(types.Type):
    """What kernels know of a bundle: the place, in words, and the type of each field."""

    def __init__(self, title: str, fields: Mapping[str, Any]) -> None:
        self.fields: dict[str, tuple[int, Any]] = {}
        self.words = 0
        # of its class alone, so that no bundle is taken for another
        self.address = f"address of {title}"
        for name, kind in fields.items():
            self.fields[name] = self.words, kind
            # an array is its address and its lengths
            self.words += 1 + kind.ndim if isinstance(kind, types.Array) else 1
        told = ", ".join(f"{name}: {kind}" for name, kind in fields.items())
        super().__init__(f"{title}({told})")


class _Plan(NamedTuple):
    """How a class of bundles is filled: the places of its fields, in words."""

    kind: BundleType
    numbers: dict[str, tuple[int, str]]
    bundles: dict[str, tuple[int, type[Bundle]]]
    arrays: dict[str, tuple[int, np.dtype[Any], int]]


@dataclass_transform(eq_default=False)
class Bundle:
    """Base of bundles: a subclass annotates its fields.

    Fields annotated `float`, `int`, `bool` or `np.uint64` are numbers; the others hold a
    C-contiguous array of the kind that is stated (see `sim.numeric.arrays`) or another bundle. A
    field of an array keeps its array for good: kernels know its address. To assign to it copies
    into it.

    Raises
    ------
    TypeError
        Fields are missing or unknown, or a value is not what its annotation says.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _plan: ClassVar[_Plan | None] = None
    _numba_type_: BundleType

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._fields = tuple(name for name in cls.__annotations__ if name[0] != "_")

    @classmethod
    def plan(cls) -> _Plan:
        """How it is filled, found when first asked for: annotations may name later classes."""
        if cls._plan is None:
            hints = get_type_hints(cls, include_extras=True)
            kinds = {name: kernel_type(hints[name]) for name in cls._fields}
            numbers = [name for name in cls._fields if hints[name] in NUMBERS]
            # numbers first: how many words an array takes does not move them
            order = numbers + [name for name in cls._fields if name not in numbers]
            kind = BundleType(
                f"{cls.__module__}.{cls.__qualname__}", {name: kinds[name] for name in order}
            )
            place = {name: kind.fields[name][0] for name in order}
            arrays = {n: k for n, k in kinds.items() if isinstance(k, types.Array)}
            cls._plan = _Plan(
                kind,
                {n: (place[n], NUMBERS[hints[n]][1]) for n in numbers},
                {n: (place[n], hints[n]) for n, k in kinds.items() if isinstance(k, BundleType)},
                {n: (place[n], as_dtype(k.dtype), k.ndim) for n, k in arrays.items()},
            )
            for name, (at, code) in cls._plan.numbers.items():
                setattr(cls, name, property(_reader(at, code, kinds[name])))
        return cls._plan

    def __init__(self, *values: Any, **named: Any) -> None:
        plan = self._plan or self.plan()
        given = dict(zip(self._fields, values, strict=False)) | named
        if len(values) + len(named) != len(self._fields) or len(given) != len(self._fields):
            raise TypeError(f"{type(self).__name__} takes the fields {', '.join(self._fields)}")
        filled = [0] * plan.kind.words
        held: dict[str, Any] = {"_numba_type_": plan.kind}
        try:
            for name, (place, dtype, ndim) in plan.arrays.items():
                array = held[name] = given[name]
                if array.dtype != dtype or array.ndim != ndim or not array.flags.c_contiguous:
                    raise _refusal(self, name)
                filled[place : place + 1 + ndim] = array.ctypes.data, *array.shape
            for name, (place, kind) in plan.bundles.items():
                bundle = held[name] = given[name]
                if not isinstance(bundle, kind):
                    raise _refusal(self, name)
                filled[place] = bundle.__dict__[kind.plan().kind.address]
        except (AttributeError, KeyError) as error:
            raise _refusal(self, name) from error
        held["_words"] = words = np.array(filled, np.int64)
        held[plan.kind.address] = words.ctypes.data
        seen: Any = memoryview(words.data).cast("B")
        held |= {f"_{code}": seen.cast(code) for code in "dqQ"}
        self.__dict__.update(held)
        for name in plan.numbers:
            setattr(self, name, given[name])

    def __setattr__(self, name: str, value: Any) -> None:
        plan = self._plan or self.plan()
        if name in plan.numbers:
            place, code = plan.numbers[name]
            getattr(self, f"_{code}")[place] = float(value) if code == "d" else int(value)
        elif name in plan.arrays:
            np.copyto(getattr(self, name), value)
        else:
            raise AttributeError(f"{type(self).__name__}.{name} is a bundle of its own")

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in self._fields)

    def __repr__(self) -> str:
        facts = [f"{name}={value!r}" for name, value in self.asdict().items()]
        return f"{type(self).__name__}({', '.join(facts)})"

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        return type(self), tuple(self)

    def asdict(self) -> dict[str, Any]:
        """Values by name, arrays not copied."""
        return {name: getattr(self, name) for name in self._fields}

    def replaced(self, **changes: Any) -> Self:
        """A bundle with other values in some fields; the other arrays are shared."""
        return type(self)(**(self.asdict() | changes))


def is_word(annotation: Any) -> bool:
    """Whether what is annotated so is handed to kernels as one word: a number or a bundle."""
    return annotation in NUMBERS or (
        isinstance(annotation, type) and issubclass(annotation, Bundle)
    )


def kernel_type(annotation: Any) -> Any:
    """The type in kernels of what is annotated so.

    Raises
    ------
    TypeError
        It is neither a number nor an array of `sim.numeric.arrays` nor a bundle.
    """
    if is_word(annotation):
        return NUMBERS[annotation][0] if annotation in NUMBERS else annotation.plan().kind
    if get_origin(annotation) is Annotated:
        array, ndim = get_args(annotation)
        return types.Array(from_dtype(np.dtype(_number_of(array))), ndim, "C")
    raise TypeError(f"kernels know no {annotation}")


def _number_of(array: Any) -> Any:
    """The type of an array's elements; NumPy 2.5 spells arrays as an alias, before as a class."""
    inner = get_args(array)
    return _number_of(inner[-1]) if inner else array


def _refusal(bundle: Bundle, name: str) -> TypeError:
    said = type(bundle).__annotations__[name]
    return TypeError(f"{type(bundle).__name__}.{name} must be a C-contiguous {said}")


def _reader(place: int, code: str, kind: Any) -> Any:
    """Reads a number of that kind."""
    readers: dict[str, Any] = {
        "d": lambda bundle: bundle._d[place],
        "q": lambda bundle: bundle._q[place],
        "Q": lambda bundle: np.uint64(bundle._Q[place]),
    }
    if isinstance(kind, types.Boolean):
        return lambda bundle: bool(bundle._q[place])
    return readers[code]


@register_model(BundleType)
class _BundleModel(models.PrimitiveModel):
    """A bundle is the address of its words."""

    def __init__(self, manager: Any, kind: BundleType) -> None:
        super().__init__(manager, kind, ir.IntType(8).as_pointer())


@unbox(BundleType)
def _unbox(kind: BundleType, bundle: Any, context: Any) -> NativeValue:
    builder, python = context.builder, context.pyapi
    address = python.object_getattr(bundle, _interned(kind.address, context))
    missing = cgutils.is_null(builder, address)  # another class: the error is set
    place = cgutils.alloca_once_value(builder, ir.Constant(ir.IntType(8).as_pointer(), None))
    with cgutils.if_likely(builder, builder.not_(missing)):
        builder.store(python.long_as_voidptr(address), place)
        python.decref(address)
    return NativeValue(builder.load(place), is_error=missing)


def _interned(text: str, context: Any) -> Any:
    """A string of Python's, made by the first call: each new one would be looked up anew."""
    builder, module, kind = context.builder, context.builder.module, context.pyapi.pyobj
    place = cgutils.add_global_variable(module, kind, module.get_unique_name("name"))
    place.linkage, place.initializer = "internal", ir.Constant(kind, None)
    with cgutils.if_unlikely(builder, cgutils.is_null(builder, builder.load(place))):
        letters = context.context.insert_const_string(module, text)
        make = ir.FunctionType(kind, [letters.type])
        make = cgutils.get_or_insert_function(module, make, "PyUnicode_InternFromString")
        builder.store(builder.call(make, [letters]), place)
    return builder.load(place)


@infer_getattr
class _Fields(AttributeTemplate):
    key = BundleType

    def generic_resolve(self, kind: BundleType, name: str) -> Any:  # type: ignore[override]
        return kind.fields[name][1] if name in kind.fields else None


_INDEX = ir.IntType(64)


def _pointer(builder: Any, bundle: Any, place: int, target: Any) -> Any:
    word = builder.gep(bundle, [ir.Constant(_INDEX, WORD * place)])
    return builder.bitcast(word, target.as_pointer())


def _fixed(builder: Any, bundle: Any, place: int, target: Any) -> Any:
    """Load a word that nothing changes, so that the compiler may take it out of loops."""
    value = builder.load(_pointer(builder, bundle, place, target))
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


@lower_getattr_generic(BundleType)
def _read(context: Any, builder: Any, kind: BundleType, bundle: Any, name: str) -> Any:
    place, field = kind.fields[name]
    if isinstance(field, BundleType):
        return _fixed(builder, bundle, place, ir.IntType(8).as_pointer())
    if isinstance(field, types.Array):
        return _array(context, builder, bundle, place, field)
    if isinstance(field, types.Boolean):
        number = builder.load(_pointer(builder, bundle, place, _INDEX))
        return builder.icmp_signed("!=", number, ir.Constant(_INDEX, 0))
    return builder.load(_pointer(builder, bundle, place, context.get_value_type(field)))


def _array(context: Any, builder: Any, bundle: Any, place: int, kind: Any) -> Any:
    array = context.make_array(kind)(context, builder)
    size = ir.Constant(_INDEX, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
    shape = [_fixed(builder, bundle, place + 1 + d, _INDEX) for d in range(kind.ndim)]
    strides = [size]
    for length in shape[:0:-1]:
        strides.insert(0, builder.mul(strides[0], length))
    populate_array(
        array,
        data=_fixed(builder, bundle, place, array.data.type),
        shape=cgutils.pack_array(builder, shape),
        strides=cgutils.pack_array(builder, strides),
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()


@lower_setattr_generic(BundleType)
def _write(context: Any, builder: Any, signature: Any, values: Any, name: str) -> None:
    bundle, value = values
    place, field = signature.args[0].fields[name]
    number = context.cast(builder, value, signature.args[1], field)
    if isinstance(field, types.Boolean):
        number = builder.zext(number, _INDEX)
    builder.store(number, _pointer(builder, bundle, place, number.type))
