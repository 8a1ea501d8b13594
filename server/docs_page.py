"""The API's reference as one page without scripts or outside resources, readable without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html import escape
from typing import Final

from server.api_text import Json, Operation, body_example, carried, curl, introduction, limits, operations, type_name

STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2a6ac8; }
@media (prefers-color-scheme: dark) { :root { --accent: #7db1ff; } }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem 1.5rem 4rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); text-transform: capitalize; }
a { color: var(--accent); text-decoration: none; } a:hover, a:focus { text-decoration: underline; }
code, pre { font: 0.9em/1.5 ui-monospace, monospace; }
code { background: var(--soft); padding: 0 0.25em; border-radius: 3px; }
pre { background: var(--soft); padding: 0.7rem 1rem; overflow-x: auto; border-radius: 6px; }
pre code { background: none; padding: 0; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; }
tr { border-bottom: 1px solid var(--line); }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0 1rem; }
details[open] { padding-bottom: 0.75rem; }
summary { cursor: pointer; padding: 0.5rem 0; }
summary b { font-family: ui-monospace, monospace; display: inline-block; min-width: 4.5rem; }
.what { opacity: 0.75; margin-left: 0.75rem; }
.tag { border: 1px solid var(--line); border-radius: 3px; padding: 0 0.4em; }
nav ul { columns: 2; padding-left: 1.2rem; }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_CODE: Final = re.compile(r"`([^`]+)`")


def docs_page(document: Json) -> str:
    """The page for this description."""
    return "".join(_page(document))


def _page(document: Json) -> Iterator[str]:
    info = document["info"]
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width"><title>FlowDesk API</title>'
    yield f"<style>{STYLE}</style></head><body>"
    yield f"<h1>{escape(info['title'])} API</h1><p>{_prose(info['description'])} Version {escape(info['version'])}. "
    yield 'For machines: <a href="/api/openapi.json">OpenAPI 3.1</a>.</p>'
    for heading, text in introduction(document):
        yield f"<p><strong>{escape(heading)}.</strong> {_prose(text)}</p>"
    tags = list(operations(document))
    yield "<nav><ul>"
    for tag, _ in tags:
        yield f'<li><a href="#{escape(tag)}">{escape(tag)}</a></li>'
    yield '<li><a href="#documents">documents</a></li></ul></nav>'
    for tag, found in tags:
        yield f'<h2 id="{escape(tag)}">{escape(tag)}</h2>'
        for operation in found:
            yield from _operation(operation)
    yield '<h2 id="documents">documents</h2>'
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from _schema(name, schema)
    yield "</body></html>"


def _operation(operation: Operation) -> Iterator[str]:
    described = operation.described
    yield f'<details id="{escape(operation.anchor)}"><summary><b>{operation.method}</b> <code>{escape(operation.path)}'
    yield f'</code><span class="what">{escape(described["summary"])}</span>'
    yield ' <span class="tag">public</span></summary>' if operation.public else "</summary>"
    if "description" in described:
        yield f"<p>{_prose(described['description'])}</p>"
    parameters = described.get("parameters", [])
    if parameters:
        yield "<table><tr><th>parameter<th>in<th>type<th></tr>"
        for one in parameters:
            yield f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}<td>{_type(one['schema'])}"
            yield f"<td>{_prose(one['description'])} {escape(limits(one['schema']))}</tr>"
        yield "</table>"
    for content in described.get("requestBody", {}).get("content", {}).values():
        yield f"<p>Body: {_type(content['schema'])}</p>"
    example = body_example(operation)
    if example is not None:
        yield f"<pre><code>{escape(json.dumps(example, indent=2))}</code></pre>"
    yield "<table><tr><th>answer<th>carries</tr>"
    for status, answer in described["responses"].items():
        name = "problem" if "$ref" in answer else carried(answer)
        yield f"<tr><td>{escape(status)}<td>{escape(name) or 'nothing'}</tr>"
    yield f"</table><pre><code>{escape(curl(operation))}</code></pre></details>"


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f'<details id="schema-{escape(name)}"><summary><b>{escape(name)}</b></summary>'
    yield f"<p>{_prose(str(schema.get('description', '')))}</p>"
    if "enum" in schema:
        yield f"<p>{', '.join(f'<code>{escape(str(value))}</code>' for value in schema['enum'])}</p>"
    properties = schema.get("properties")
    if properties:
        required = schema.get("required", [])
        yield "<table><tr><th>field<th>type<th></tr>"
        for field, described in properties.items():
            mark = "" if field in required else " <em>optional</em>"
            yield f"<tr><td><code>{escape(field)}</code>{mark}<td>{_type(described)}"
            yield f"<td>{_prose(str(described.get('description', '')))} {escape(limits(described))}</tr>"
        yield "</table>"
    yield "</details>"


def _type(schema: Json) -> str:
    """The type in words, its named documents as links."""
    words = escape(type_name(schema))
    # A document that reads otherwise than it is written has two names: `Step-Input` and `Step-Output`.
    names = sorted(set(re.findall(r"#/components/schemas/([\w-]+)", json.dumps(schema))), key=len, reverse=True)
    if not names:
        return words
    every = "|".join(re.escape(name) for name in names)
    return re.sub(rf"(?<![\w-])(?:{every})(?![\w-])", r'<a href="#schema-\g<0>">\g<0></a>', words)


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))
