"""Named arrays and numbers that kernels take by reference.

A named tuple of many arrays is taken apart at every call and in every stage of a kernel, which
costs time when it runs and far more when it is compiled. A bundle is one address; a kernel reads
the fields it names, as `bundle.field`, and may write numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self, dataclass_transform

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

WORD = 8  # bytes
# by annotation: type in kernels, and in Python's memory views
NUMBERS = {
    "float": (types.float64, "d"),
    "int": (types.int64, "q"),
    "bool": (types.boolean, "q"),
    "uint64": (types.uint64, "Q"),
}


class BundleType(types.Type):
    """What kernels know of a bundle: the place, in words, and the type of each field."""

    def __init__(self, title: str, fields: tuple[tuple[str, Any], ...]) -> None:
        self.fields: dict[str, tuple[int, Any]] = {}
        self.words = 0
        for name, kind in fields:
            self.fields[name] = self.words, kind
            # an array is its address and its lengths
            self.words += 1 + kind.ndim if isinstance(kind, types.Array) else 1
        super().__init__(f"{title}({', '.join(f'{name}: {kind}' for name, kind in fields)})")


_TYPES: dict[tuple[Any, ...], BundleType] = {}


@dataclass_transform(eq_default=False)
class Bundle:
    """Base of bundles: a subclass annotates its fields.

    Fields annotated `float`, `int`, `bool` or `np.uint64` are numbers; the others hold a
    C-contiguous array or another bundle. A field of an array keeps its array for good: kernels
    know its address. To assign to it copies into it.

    Raises
    ------
    TypeError
        Fields are missing or unknown, or a value is none of these.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _numbers: ClassVar[dict[str, str]] = {}
    _numba_type_: BundleType
    _address: int

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {n: _name(kind) for n, kind in cls.__annotations__.items() if n[0] != "_"}
        cls._fields = tuple(own)
        cls._numbers = {name: kind for name, kind in own.items() if kind in NUMBERS}
        for place, (name, kind) in enumerate(cls._numbers.items()):
            setattr(cls, name, property(_reader(place, kind)))

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = self._fields
        given = dict(zip(fields, values, strict=False)) | named
        if len(values) + len(named) != len(fields) or given.keys() != set(fields):
            raise TypeError(f"{type(self).__name__} takes the fields {', '.join(fields)}")
        kind = self._type_of(given)
        words = np.zeros(kind.words, np.int64)
        held = {"_numba_type_": kind, "_words": words, "_address": words.ctypes.data}
        seen: Any = memoryview(words.data).cast("B")
        held |= {f"_{code}": seen.cast(code) for code in "dqQ"}
        held |= {name: value for name, value in given.items() if name not in self._numbers}
        self.__dict__.update(held)
        for name, value in given.items():
            if name in self._numbers:
                setattr(self, name, value)
            elif isinstance(value, Bundle):
                words[kind.fields[name][0]] = value._address
            else:
                place = kind.fields[name][0]
                words[place] = value.ctypes.data
                words[place + 1 : place + 1 + value.ndim] = value.shape

    @classmethod
    def _type_of(cls, given: dict[str, Any]) -> BundleType:
        """The type of a bundle of these values, its numbers first."""
        names = (*cls._numbers, *(name for name in cls._fields if name not in cls._numbers))
        kinds = tuple([cls._kind(name, given[name]) for name in names])
        known = _TYPES.get((cls, kinds))
        if known is None:
            title = f"{cls.__module__}.{cls.__qualname__}"
            known = BundleType(title, tuple(zip(names, kinds, strict=True)))
            _TYPES[cls, kinds] = known
        return known

    @classmethod
    def _kind(cls, name: str, value: Any) -> Any:
        """Type of a field in kernels."""
        if name in cls._numbers:
            return NUMBERS[cls._numbers[name]][0]
        if isinstance(value, Bundle):
            return value._numba_type_
        if isinstance(value, np.ndarray) and value.flags.c_contiguous:
            return _array_type(value.dtype, value.ndim)
        raise TypeError(
            f"{cls.__name__}.{name}: neither a C-contiguous array nor a bundle, but {type(value)}"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._numbers:
            place, code = self._numba_type_.fields[name][0], NUMBERS[self._numbers[name]][1]
            getattr(self, f"_{code}")[place] = float(value) if code == "d" else int(value)
        elif isinstance(held := getattr(self, name), np.ndarray):
            np.copyto(held, value)
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


def _name(annotation: Any) -> str:
    """Last part of the name of a type, as an annotation states it."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return text.rpartition(".")[2]


def _reader(place: int, kind: str) -> Any:
    """Reads a number of that kind."""
    readers: dict[str, Any] = {
        "float": lambda bundle: bundle._d[place],
        "int": lambda bundle: bundle._q[place],
        "bool": lambda bundle: bool(bundle._q[place]),
        "uint64": lambda bundle: np.uint64(bundle._Q[place]),
    }
    return readers[kind]


def _array_type(dtype: np.dtype[Any], ndim: int) -> Any:
    key = dtype, ndim
    if key not in _ARRAY_TYPES:
        _ARRAY_TYPES[key] = types.Array(from_dtype(dtype), ndim, "C")
    return _ARRAY_TYPES[key]


_ARRAY_TYPES: dict[tuple[np.dtype[Any], int], Any] = {}


@register_model(BundleType)
class _BundleModel(models.PrimitiveModel):
    """A bundle is the address of its words."""

    def __init__(self, manager: Any, kind: BundleType) -> None:
        super().__init__(manager, kind, ir.IntType(8).as_pointer())


@unbox(BundleType)
def _unbox(kind: BundleType, bundle: Any, context: Any) -> NativeValue:
    address = context.pyapi.object_getattr_string(bundle, "_address")
    pointer = context.pyapi.long_as_voidptr(address)
    context.pyapi.decref(address)
    return NativeValue(pointer)


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
