"""A receipt as one HTML page: every value escaped, its style within, nothing fetched but the issuer's logo."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from engine.billing.document import Document
from engine.billing.printing.wording import print_of

HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:"}
"""What the page is served with: it runs nothing."""


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("receipt.html")


def html_of(document: Document, language: str = "en") -> str:
    """The page."""
    return _template().render(print_of(document, language).data(), language=language)
