"""What went wrong or is not there: the API's refusals, missing permission, empty lists, and short messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from api.ui.client import ProblemError
from api.ui.texts import _


def problem_notice(problem: ProblemError) -> ui.element:
    """The API's words, and what can be done."""
    with ui.element("div").classes("rc-problem").props('role="alert"') as notice:
        ui.icon("error_outline", size="22px")
        with ui.element("div").classes("rc-stack rc-tight"):
            text("p", problem.detail)
            if problem.remedy:
                text("p", problem.remedy, "rc-small")
            if problem.correlation:
                text("p", _("Correlation id: {id}", id=problem.correlation), "rc-small")
    return notice


@contextmanager
def problems_told() -> Iterator[None]:
    """Around what a person has asked for: a refusal of the API is told in a message at the edge of the page."""
    try:
        yield
    except ProblemError as problem:
        ui.notify(f"{problem.detail} {problem.remedy}".strip(), type="negative", multi_line=True, timeout=8000)


def refusal(permission: str) -> None:
    """That this page is not for whoever looks."""
    with ui.element("div").classes("rc-empty").props('role="alert"'):
        ui.icon("lock_outline")
        text("p", _("Your role does not have the permission that this page needs."))
        text("p", _("Ask an administrator for {permission}.", permission=permission), "rc-small")
        ui.link(_("Back to the start"), "/")


def empty(words: str, icon: str = "inbox") -> ui.element:
    """That there is nothing, and why."""
    with ui.element("div").classes("rc-empty") as made:
        ui.icon(icon)
        text("p", words)
    return made


def done(words: str) -> None:
    """A short message that something was done."""
    ui.notify(words, type="positive", timeout=4000)


def text(tag: str, words: str, classes: str = "") -> TextElement:
    """An element with nothing but text in it: text("h2", …), text("p", …)."""
    return TextElement(tag=tag, text=words).classes(classes)
