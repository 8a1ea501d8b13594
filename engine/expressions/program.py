"""An expression as the library runs it, with its comprehensions taken out.

The library copies the result of `map` and `filter` once for each item, so that a thousand rows of ten keys take 0.7 s,
and nothing stops it. Each comprehension is therefore replaced by a variable, which the library asks for when it gets
there; its receiver and arguments are expressions of their own, and the loop is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import ascii_lowercase, digits
from typing import Any, Final

from engine.expressions.budget import ROUND, Budget, Failed
from engine.expressions.explain import failure
from engine.expressions.functions import ADDED, guarded
from engine.expressions.lexer import tokens_of
from engine.expressions.library import cel
from engine.expressions.patterns import Patterns
from engine.expressions.projection import follow, paths_of, project
from engine.expressions.reads import Chain, chains_of, lone_chain
from engine.expressions.split import BadForm, Macro, Span, macros_of
from engine.render.helpers.base import kind_of

MAX_NESTING: Final = 3

_FREE: Final = tuple(f"_{one}{two}" for one in ascii_lowercase for two in ascii_lowercase + digits)
"""More names than fit into one expression, so that one of them is not in it."""

Scope = Mapping[str, Any]


class Expression:
    """A piece of source that is an expression; `offset` is where it stands in the whole.

    Raises BadForm for comprehensions that are none, or too many of them inside each other.
    """

    __slots__ = ("_added", "_lone", "_paths", "_patterns", "_program", "chains", "holes", "offset")

    def __init__(self, source: str, *, offset: int = 0, depth: int = 0) -> None:
        self.offset = offset
        tokens = tokens_of(source)
        self._lone = lone_chain(tokens)
        prefix = next(name for name in _FREE if name not in source)
        self.holes: dict[str, Comprehension] = {}
        for macro in macros_of(tokens):
            name = f"{prefix}{len(self.holes)}"
            self.holes[name] = Comprehension(source, macro, offset, depth)
            source = _patched(source, macro.span, name)
        if self.holes:
            tokens = tokens_of(source)
        self.chains: list[Chain] = chains_of(tokens)
        self._paths = paths_of(self.chains)
        self._patterns = Patterns(tokens) or None
        self._program = cel.compile(source)
        called = self._program.functions()
        self._added = tuple(name for name in ADDED if name in called)

    def reads(self, bound: frozenset[str] = frozenset()) -> Iterator[tuple[Chain, int]]:
        """Every path read, comprehensions included, that does not start at one of their variables; with its place."""
        for chain in self.chains:
            if chain.names[0] not in bound and chain.names[0] not in self.holes:
                yield chain, self.offset + chain.offset
        for hole in self.holes.values():
            yield from hole.reads(bound)

    def run(self, scope: Scope, budget: Budget, *, passing: bool = False) -> Any:
        """The value, in Python's types; raises Failed. A path alone is not evaluated; `passing` takes it unweighed."""
        if self._lone is not None:
            value, count = follow(scope, self._lone)
            if count == len(self._lone):
                if not passing:
                    budget.weigh(value)
                return value
        faults: list[str] = []
        raised: list[Failed] = []
        if self._patterns is not None:
            budget.spend(self._patterns.cost(scope))
        try:
            variables = project(scope, self._paths, budget)
            if not self._added and not self.holes:
                return _settled(self._program.execute(variables))
            found = self._program.execute(self._context(variables, scope, budget, faults, raised))
        except Failed:
            raise
        except Exception as error:
            raise self._explained(error, scope, faults, raised) from None
        except BaseException as error:
            raise self._explained(panic(error), scope, faults, raised) from None
        if faults:
            raise Failed(faults[0])
        return _settled(found)

    def _context(
        self, variables: dict[str, Any], scope: Scope, budget: Budget, faults: list[str], raised: list[Failed]
    ) -> cel.Context:
        context = cel.Context(variables, {name: guarded(name, faults) for name in self._added})

        def resolve(name: str) -> Any:
            hole = self.holes.get(name)
            if hole is None:
                return None
            try:
                return project(hole.run(scope, budget), self._paths.children[name], budget)
            except Failed as failed:
                raised.append(failed)  # raising here would make the library write to standard error
                return None

        if self.holes:
            context.set_variable_resolver(resolve)
        return context

    def _explained(self, error: BaseException, scope: Scope, faults: list[str], raised: list[Failed]) -> Failed:
        if raised:
            return raised[-1]
        if faults:
            return Failed(faults[0])
        told = failure(error, [chain for chain in self.chains if chain.names[0] not in self.holes], scope)
        return Failed(told.message, told.hint)


class Comprehension:
    """`receiver.kind(variable, arguments)`, run item by item."""

    __slots__ = ("arguments", "kind", "receiver", "variable")

    def __init__(self, source: str, macro: Macro, offset: int, depth: int) -> None:
        if depth >= MAX_NESTING:
            raise BadForm(f"more than {MAX_NESTING} comprehensions inside each other", macro.span[0])

        def part(span: Span, inner: int) -> Expression:
            try:
                return Expression(source[span[0] : span[1]], offset=offset + span[0], depth=inner)
            except BadForm as error:
                raise BadForm(error.message, span[0] + error.offset) from None

        self.kind = macro.kind
        self.variable = macro.variable
        self.receiver = part(macro.receiver, depth)
        self.arguments = tuple(part(span, depth + 1) for span in macro.arguments)

    def reads(self, bound: frozenset[str]) -> Iterator[tuple[Chain, int]]:
        """The paths of all its parts."""
        yield from self.receiver.reads(bound)
        for argument in self.arguments:
            yield from argument.reads(bound | {self.variable})

    def run(self, scope: Scope, budget: Budget) -> Any:
        """True or false for `all` and `exists`, a list for `map` and `filter`; raises Failed."""
        items = self.receiver.run(scope, budget, passing=True)
        if isinstance(items, Mapping):
            items = list(items)
        if not isinstance(items, list | tuple):
            raise Failed(f"{self.kind} goes over a list or an object, not over {kind_of(items)}")
        inner = dict(scope)
        rounds = self._rounds(items, inner, budget)
        if self.kind == "map":
            return [value for _, value in rounds]
        if self.kind == "filter":
            return [item for item, kept in rounds if kept]
        if self.kind == "all":
            return all(held for _, held in rounds)
        if self.kind == "exists":
            return any(held for _, held in rounds)
        return sum(held for _, held in rounds) == 1

    def _rounds(self, items: Any, inner: dict[str, Any], budget: Budget) -> Iterator[tuple[Any, Any]]:
        *conditions, last = self.arguments
        for index, item in enumerate(items):
            budget.spend(ROUND)
            inner[self.variable] = item
            try:
                if all(_truth(condition.run(inner, budget)) for condition in conditions):
                    value = last.run(inner, budget)
                    yield item, value if self.kind == "map" else _truth(value)
            except Failed as failed:
                raise Failed(f"{failed.message}, at item {index} of {self.kind}", failed.hint) from None


def _truth(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise Failed(f"a condition comes to {kind_of(value)}, not to true or false", "compare it with something")


def _settled(value: Any) -> Any:
    """The library gives an object's keys in an order that changes; here they are sorted."""
    if type(value) is dict:
        return {key: _settled(value[key]) for key in sorted(value, key=str)}
    if type(value) is list:
        return [_settled(item) for item in value]
    return value


def _patched(source: str, span: Span, name: str) -> str:
    """The name in place of this part, with all other places kept."""
    rest = "".join("\n" if character == "\n" else " " for character in source[span[0] + len(name) : span[1]])
    return source[: span[0]] + name + rest + source[span[1] :]


def panic(error: BaseException) -> BaseException:
    """A panic of the extension is our business; an interrupt is not."""
    if type(error).__name__ != "PanicException":
        raise error
    return error
