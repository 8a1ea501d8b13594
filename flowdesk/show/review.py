"""How a security review looks: a paragraph for each finding, the worst first, and a line that counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from flowdesk.account_replies import ReviewDoc
from flowdesk.clean import clean
from flowdesk.show.paint import Paint

_LEVELS = ("high", "medium", "low")


def review_lines(review: ReviewDoc, paint: Paint) -> list[str]:
    """Everything found, and what was looked at."""
    return [*_paragraphs(review, paint), _summary(review)]


def _paragraphs(review: ReviewDoc, paint: Paint) -> Iterator[str]:
    style: dict[str, Callable[[str], str]] = {"high": paint.bad, "medium": paint.warn, "low": paint.dim}
    for one in review["findings"]:
        severity = clean(one["severity"])
        mark = style.get(severity, paint.dim)(f"{severity:<6}")
        yield f"{mark}  {paint.bold(clean(one['where']))}  {paint.dim(clean(one['code']))}"
        yield f"        {clean(one['message'])}"
        yield f"        {paint.dim('→')} {clean(one['remedy'])}"
        yield ""


def _summary(review: ReviewDoc) -> str:
    looked = "the workspace and the server's settings" if review["server"] else "the workspace"
    found: Counter[str] = Counter(one["severity"] for one in review["findings"])
    if not found:
        return f"nothing risky was found in {looked}"
    return ", ".join(f"{found[level]} {level}" for level in _LEVELS if found[level]) + f", in {looked}"
