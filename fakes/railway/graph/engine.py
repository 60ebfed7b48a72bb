"""Carries out GraphQL documents with graphql-core; to be imported late, for that takes 100 ms."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import graphql
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    Node,
)

from fakes.kit.errors import ProviderError
from fakes.kit.ids import Ids
from fakes.railway import wire
from fakes.railway.call import Call
from fakes.railway.graph.absent import ABSENT
from fakes.railway.graph.mutations import MUTATIONS
from fakes.railway.graph.nodes import NODES, Field
from fakes.railway.graph.queries import QUERIES
from fakes.railway.wire import Body

MOST_TOKENS = 5000
MOST_DEPTH = 20
_SCHEMA = Path(__file__).parents[1] / "schema.graphql"
_UNKNOWN_FIELD = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")
_VALIDATION = "GRAPHQL_VALIDATION_FAILED"
_PARSE = "GRAPHQL_PARSE_FAILED"


@dataclass(frozen=True, slots=True)
class Asked:
    """What came in a body."""

    query: str
    variables: Mapping[str, Any]
    operation: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out.

    Attributes:
        gaps: Fields that Railway has and the fake has not, as `Type.field`; then there is no body.
        violation: What of production was reached for.
    """

    body: Body
    status: int = 200
    gaps: tuple[str, ...] = ()
    violation: str | None = None


class Engine:
    """The schema with what answers its fields.

    Args:
        ids: Makes ids of traces.
        transaction: What a mutation runs in.
    """

    def __init__(self, ids: Ids, transaction: Callable[[], Any]) -> None:
        self._ids = ids
        self._transaction = transaction
        self._schema = self._built()

    def run(self, asked: Asked, call: Call) -> Answer:
        """Carry a document out."""
        try:
            document = graphql.parse(asked.query, max_tokens=MOST_TOKENS)
            refused = self._refusal(document)
        except GraphQLError as error:
            return self._refused([error], _PARSE)
        except RecursionError:
            return self._too_complex()
        if refused is not None:
            return refused
        result = graphql.execute(
            self._schema,
            document,
            context_value=call,
            variable_values=dict(asked.variables),
            operation_name=asked.operation,
        )
        assert isinstance(result, ExecutionResult)
        return self._answer(result)

    def _refusal(self, document: DocumentNode) -> Answer | None:
        """Why a document is not carried out, if there is a reason."""
        found = graphql.validate(self._schema, document)
        gaps = tuple(gap for gap in map(_gap, found) if gap is not None)
        if gaps:
            return Answer({}, 501, gaps)
        if found:
            return self._refused(found, _VALIDATION)
        return self._too_complex() if _depth(document) > MOST_DEPTH else None

    def _too_complex(self) -> Answer:
        return self._refused([GraphQLError("Query is too complex")], _VALIDATION)  # guess: wording

    def _answer(self, result: ExecutionResult) -> Answer:
        if not result.errors:
            return Answer({"data": result.data})
        violation = None
        for error in result.errors:
            original = error.original_error
            if isinstance(original, ProviderError):
                violation = violation or original.violation
            elif original is not None and not isinstance(original, GraphQLError):
                raise original  # a mistake of the fake's own
        is_early = all(error.path is None for error in result.errors)
        if is_early:
            return self._refused(result.errors, "BAD_USER_INPUT")
        shown = [self._shown(error) for error in result.errors]
        return Answer({"errors": shown, "data": result.data}, violation=violation)

    def _refused(self, found: list[GraphQLError], code: str) -> Answer:
        shown = [self._shown(error, code) for error in found]
        return Answer({"errors": shown}, 400)

    def _shown(self, error: GraphQLError, code: str | None = None) -> Body:
        original = error.original_error
        if isinstance(original, ProviderError):
            body = wire.one_error(original)
        else:
            message = error.message.replace("'", '"')  # as the reference implementation quotes
            body = wire.one_error(ProviderError(400, message, code=code))
        places = [{"line": place.line, "column": place.column} for place in error.locations or ()]
        return {
            **body,
            **({"locations": places} if places else {}),
            **({"path": error.path} if error.path is not None else {}),
            "traceId": self._ids.digits(19),
        }

    def _built(self) -> GraphQLSchema:
        schema = graphql.build_schema(_SCHEMA.read_text())
        for type_name, fields in {"Query": QUERIES, "Mutation": MUTATIONS, **NODES}.items():
            kind = schema.type_map[type_name]
            assert isinstance(kind, GraphQLObjectType)
            for name, field in fields.items():
                resolve = self._in_transaction(field) if type_name == "Mutation" else _resolver(field)
                kind.fields[name].resolve = resolve
        return schema

    def _in_transaction(self, field: Field) -> Callable[..., Any]:
        resolve = _resolver(field)

        def resolved(of: Any, info: Any, **args: Any) -> Any:
            with self._transaction():
                return resolve(of, info, **args)

        return resolved


def _resolver(field: Field) -> Callable[..., Any]:
    return lambda of, info, **args: field(info.context, of, args)


def _gap(error: GraphQLError) -> str | None:
    found = _UNKNOWN_FIELD.match(error.message)
    if found is None or found[1] not in ABSENT.get(found[2], ()):
        return None
    return f"{found[2]}.{found[1]}"


def _depth(document: DocumentNode) -> int:
    """How deeply fields are nested; a fragment counts where it is used. It uses itself nowhere."""
    fragments = {
        one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    known: dict[str, int] = {}

    def below(node: Node) -> int:
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in known:
                known[name] = below(fragments[name])
            return known[name]
        selections = getattr(getattr(node, "selection_set", None), "selections", ())
        return max((below(inner) for inner in selections), default=0) + isinstance(node, FieldNode)

    return max(map(below, document.definitions))
