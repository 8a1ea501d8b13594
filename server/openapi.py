"""The OpenAPI 3.1 description, made from the route table and the very models that validate."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from server.api_documents import ProblemDocument
from server.doc_examples import BODIES
from server.problems import PROBLEM_JSON
from server.routing import Media, Route
from server.schemas import ReadableSchema

REF: Final = "#/components/schemas/{model}"
_TAG_ORDER: Final = (
    "accounts",
    "workflows",
    "versions",
    "webhooks",
    "schedules",
    "runs",
    "jobs",
    "events",
    "steps",
    "health",
    "about",
)
_PARAMETER: Final = re.compile(r"\{(\w+)(?::[^{}]*)?\}")
_PARAMETERS: Final = {
    "workflowId": "The workflow's id.",
    "id": "The id.",
    "runId": "The run's id.",
    "jobId": "The job's id.",
    "name": "The name.",
    "token": "The token of the signed address.",
    "scheduleId": "`cron` for `scheduleCron`, else the id of the trigger step.",
    "userId": "The user's id.",
    "n": "A version number.",
    "a": "The version to compare with.",
    "b": "The version to compare.",
    "ref": "The reference.",
}
_REFUSALS: Final = {
    400: "The request cannot be read.",
    401: "The token is missing, wrong or expired.",
    403: "The caller may not do this.",
    404: "There is no such thing, or it is somebody else's.",
    413: "The body is too large.",
    422: "The request can be read, but not accepted.",
    429: "Too many requests, or as many runs wait as may wait: come back after `Retry-After` seconds.",
}
_LIMIT_HEADERS: Final = {
    "Retry-After": ("integer", "Seconds to wait."),
    "RateLimit-Policy": ("string", "What is allowed: `q` requests in `w` seconds, for each limit that counts."),
    "RateLimit": ("string", "How many would be let in now (`r`), and in how many seconds all would be again (`t`)."),
}

Json = dict[str, Any]


def api_description(routes: Sequence[Route], *, version: str, server_url: str = "/") -> Json:
    """The whole document."""
    schemas = _Schemas.of(routes)
    paths: dict[str, Json] = {}
    names = _operation_ids(routes)
    for route, name in zip(routes, names, strict=True):
        paths.setdefault(plain_path(route.path), {})[route.method.lower()] = _operation(route, name, schemas)
    document: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "FlowDesk",
            "version": version,
            "description": "Durable workflows: the same verbs as the terminal and the command line.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": server_url}],
        "security": [{"bearer": []}],
        "tags": [{"name": tag} for tag in _tags(routes)],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "responses": {
                **{str(status): _problem(text, schemas) for status, text in _REFUSALS.items()},
                "429": {**_problem(_REFUSALS[429], schemas), "headers": _limit_headers()},
                "problem": _problem("An error.", schemas),
            },
            "schemas": schemas.definitions,
        },
    }
    schemas.drop_unused(document)
    return document


def _problem(text: str, schemas: _Schemas) -> Json:
    return {"description": text, "content": {PROBLEM_JSON: {"schema": schemas.problem}}}


def _limit_headers() -> Json:
    return {
        name: {"description": text, "schema": {"type": kind}, "required": name == "Retry-After"}
        for name, (kind, text) in _LIMIT_HEADERS.items()
    }


def _tags(routes: Iterable[Route]) -> list[str]:
    """The tags in use, in the order people meet what they stand for."""
    used = dict.fromkeys(tag for route in routes for tag in route.tags)
    return [tag for tag in _TAG_ORDER if tag in used] + [tag for tag in used if tag not in _TAG_ORDER]


def plain_path(path: str) -> str:
    """`/x/{ref:[^/]+}` as `/x/{ref}`."""
    return _PARAMETER.sub(r"{\1}", path)


def path_parameters(path: str) -> list[str]:
    """The names in a path."""
    return _PARAMETER.findall(path)


def _operation_ids(routes: Iterable[Route]) -> list[str]:
    listed = list(routes)
    counts = Counter(route.handler.__name__ for route in listed)
    names = []
    for route in listed:
        name = f"{route.handler.__module__.rpartition('.')[2]}_{route.handler.__name__}"
        names.append(f"{name}_{route.method.lower()}" if counts[route.handler.__name__] > 1 else name)
    return names


def _operation(route: Route, name: str, schemas: _Schemas) -> Json:
    operation: Json = {"operationId": name, "summary": route.summary, "tags": list(route.tags)}
    if route.description:
        operation["description"] = route.description
    if route.public:
        operation["security"] = []
    parameters = [*_path_parameters(route), *schemas.query_parameters(route)]
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content = {"schema": schemas.input(route.body)}
        example = BODIES.get(route.body.__name__) or schemas.example(content["schema"])
        if example is not None:
            content["example"] = example
        operation["requestBody"] = {"required": _needs_body(route.body), "content": {"application/json": content}}
    answers = {route.status: route.response, **route.also}
    operation["responses"] = {
        **{str(status): _answer(status, carried, schemas) for status, carried in answers.items()},
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in _refusals(route)},
        "default": {"$ref": "#/components/responses/problem"},
    }
    return operation


def _path_parameters(route: Route) -> Iterator[Json]:
    for name in path_parameters(route.path):
        schema = {"type": "integer", "minimum": 1} if name in ("n", "a", "b") else {"type": "string"}
        text = _PARAMETERS.get(name, "")
        yield {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def _needs_body(model: type[BaseModel]) -> bool:
    return any(field.is_required() for field in model.model_fields.values())


def _answer(status: int, carried: Any, schemas: _Schemas) -> Json:
    answer: Json = {"description": HTTPStatus(status).phrase}
    if isinstance(carried, Media):
        schema = {"type": "string"} if carried.carries is None else schemas.output(carried.carries)
        answer["content"] = {carried.type: {"schema": schema}}
    elif carried is not None:
        answer["content"] = {"application/json": {"schema": schemas.output(carried)}}
    return answer


def _refusals(route: Route) -> list[int]:
    found = []
    if route.body is not None:
        found += [400, 413, 422]
    if route.query is not None:
        found.append(422)
    if not route.public:
        found.append(401)
    if route.admin:
        found.append(403)
    if path_parameters(route.path):
        found.append(404)
    if not route.early:
        found.append(429)
    return sorted(set(found))


@dataclass(slots=True)
class _Schemas:
    """The JSON Schemas of everything that goes in and out, each model once."""

    definitions: dict[str, Json]
    found: dict[tuple[str, JsonSchemaMode], Json]
    problem: Json = field(default_factory=dict)

    @classmethod
    def of(cls, routes: Iterable[Route]) -> _Schemas:
        wanted: dict[tuple[str, JsonSchemaMode], TypeAdapter[Any]] = {}

        def want(kind: Any, mode: JsonSchemaMode) -> None:
            if kind is not None:
                wanted.setdefault((repr(kind), mode), TypeAdapter(kind))

        want(ProblemDocument, "serialization")
        for route in routes:
            want(route.body, "validation")
            want(route.query, "validation")
            for carried in (route.response, *route.also.values()):
                want(carried.carries if isinstance(carried, Media) else carried, "serialization")
        inputs = [(name, mode, adapter) for (name, mode), adapter in wanted.items()]
        made, shared = TypeAdapter.json_schemas(inputs, ref_template=REF, schema_generator=ReadableSchema)
        definitions, found = _united(shared.get("$defs", {}), {key: dict(made[key]) for key in wanted})
        schemas = cls(definitions, found)
        schemas.problem = schemas.output(ProblemDocument)
        return schemas

    def input(self, kind: Any) -> Json:
        """The schema of what is sent."""
        return self.found[repr(kind), "validation"]

    def output(self, kind: Any) -> Json:
        """The schema of what is answered."""
        return self.found[repr(kind), "serialization"]

    def example(self, schema: Json) -> Any:
        """The first example a model gives of itself."""
        return next(iter(self._resolved(schema).get("examples", ())), None)

    def query_parameters(self, route: Route) -> list[Json]:
        """The query's fields as parameters."""
        if route.query is None:
            return []
        schema = self._resolved(self.input(route.query))
        required = schema.get("required", [])
        parameters = []
        for name, described in schema["properties"].items():
            kept = {key: value for key, value in described.items() if key not in ("title", "description")}
            kept = _without_null(kept)
            parameter = {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": described.get("description", ""),
                "schema": kept,
            }
            # Several values are one text with commas, as the models read it.
            parameters.append({**parameter, "explode": False} if kept.get("type") == "array" else parameter)
        return parameters

    def drop_unused(self, document: Json) -> None:
        """Forget the schemas nothing refers to: those of queries, which became parameters."""
        while unused := self.definitions.keys() - set(_references(document)):
            for name in unused:
                del self.definitions[name]

    def _resolved(self, schema: Json) -> Json:
        reference = schema.get("$ref")
        return schema if reference is None else self.definitions[reference.rpartition("/")[2]]


def _united(definitions: Json, found: dict[Any, Json]) -> tuple[Json, dict[Any, Json]]:
    """Models that contain themselves are described twice, as sent and as answered; once is enough where both agree."""
    names = {name: name.removesuffix("-Input") for name in definitions if name.endswith("-Input")}
    names |= {f"{name}-Output": name for name in names.values()}
    plain = {name: _renamed(schema, names) for name, schema in definitions.items()}
    if any(plain[f"{name}-Input"] != plain.get(f"{name}-Output") for name in set(names.values())):
        return definitions, found
    united = {names.get(name, name): schema for name, schema in plain.items()}
    return united, {key: _renamed(schema, names) for key, schema in found.items()}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _reference(item, names) if key == "$ref" else _renamed(item, names) for key, item in value.items()}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


def _reference(text: str, names: Mapping[str, str]) -> str:
    start, slash, name = text.rpartition("/")
    return f"{start}{slash}{names.get(name, name)}"


def _without_null(schema: Json) -> Json:
    """A parameter that may be missing, as one that is simply not required."""
    kinds = schema.get("anyOf", [])
    rest = [kind for kind in kinds if kind != {"type": "null"}]
    if len(rest) == len(kinds):
        return schema
    kept = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**kept, **rest[0]} if len(rest) == 1 else {**kept, "anyOf": rest}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield str(item).rpartition("/")[2]
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
