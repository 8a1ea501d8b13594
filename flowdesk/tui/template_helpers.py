"""The helpers of templates by name, each with what it gives; a test compares them with those of the engine."""

from __future__ import annotations

from typing import Final

HELPERS: Final = {
    "upper": "Capital letters throughout.",
    "lower": "Small letters throughout.",
    "title": "A capital at the start of each word.",
    "trim": "Without white space at both ends.",
    "truncate": "At most this many characters; a text that was cut ends with `…`, or with the second argument.",
    "replace": "Every occurrence of the first argument becomes the second. Plain text, no patterns.",
    "split": "The list of parts between the separators, each without white space at its ends. An empty text has no parts.",  # noqa: E501 - the engine's words
    "default": "The argument when the value is missing, null or an empty text. A missing name is then expected: no warning.",  # noqa: E501 - the engine's words
    "text": "The value as it would look inside a text: null is empty, lists and objects are JSON.",
    "json": "The value as compact JSON; a text gets its quotes and escapes.",
    "from_json": "The value a JSON text holds.",
    "urlencode": "Percent-encoded for use inside a URL, `/` included. In URL fields this happens by itself.",
    "escape_html": "`&`, `<`, `>` and quotes written so that HTML shows them.",
    "base64": "The UTF-8 bytes in base64.",
    "unbase64": "The text that base64 holds; the URL-safe alphabet and missing padding are accepted.",
    "hash": "The SHA-256 of the UTF-8 bytes, as 64 hexadecimal digits.",
    "number": "The number a text holds; a number stays as it is, true and false become 1 and 0.",
    "int": "The number without what follows the decimal point.",
    "bool": "True or false of the texts true, yes, on, 1 and false, no, off, 0; of numbers whether they differ from 0.",
    "round": "To this many decimals, or to a whole number; a half goes away from zero, as people round.",
    "plus": "The sum with the argument.",
    "minus": "The value less the argument.",
    "times": "The product with the argument.",
    "over": "The value divided by the argument; a whole result is a whole number.",
    "length": "How many items a list has, keys an object, characters a text. Null has none.",
    "first": "The first item or character; null when there is none.",
    "last": "The last item or character; null when there is none.",
    "slice": "From the first position up to, not including, the second; counted from 0, or from the end when negative.",
    "join": "One text of all items, with the separator between them (a comma when not given). Null items are left out.",
    "pluck": "The value of this key in each of the objects; null where there is none.",
    "sort": "In rising order: all numbers, or all texts.",
    "reverse": "The last item first.",
    "unique": "Each text, number or boolean once, where it first stands.",
    "keys": "The keys of an object.",
    "values": "The values of an object.",
    "date": "The moment written in this form, in this time zone (UTC when not given).",
    "iso": "The moment as ISO-8601 text in UTC, with milliseconds.",
    "timestamp": "The moment as milliseconds since 1970; `| over 1000 | int` makes seconds.",
    "shift": "The moment this much later, or earlier with a minus: parts in `w d h m s ms`. The result is ISO-8601 in UTC.",  # noqa: E501 - the engine's words
}
