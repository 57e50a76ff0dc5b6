"""What stands around every page of the dashboard: header, navigation by permission, and the page's own place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from nicegui import ui

from api.ui import cookies
from api.ui.client import ProblemError
from api.ui.notes import notes
from api.ui.parts.notices import text
from api.ui.texts import LANGUAGES, N_, _
from api.ui.visit import THEMES, Visit

if TYPE_CHECKING:
    from api.ui.page import Page

SECTIONS = {
    "operate": N_("Operations"),
    "business": N_("Business"),
    "people": N_("People"),
    "settings": N_("Settings"),
}
BELL_S = 5.0
_THEMES = {"auto": N_("As the system"), "light": N_("Light"), "dark": N_("Dark")}


@contextmanager
def framed(visit: Visit, page: Page) -> Iterator[ui.element]:
    """The dashboard's frame; what is made within stands under the page's title."""
    title = _(page.title)
    ui.page_title(f"{title} · Raycharge")
    ui.add_body_html(f"<script>raycharge.early('{visit.visitor.theme}')</script>")
    drawer = _navigation(visit, page)
    _header(visit, drawer)
    with ui.element("div").classes("rc-notes"):
        for note in notes(visit.context):
            text("p", note, "rc-note").props('role="status"')
    with ui.element("div").classes("rc-page") as content:
        ui.skip_link(_("Skip to the content"), target=content)
        visit.head = ui.element("div").classes("rc-head")
        with visit.head:
            visit.title = text("h1", title)
        yield content
    if visit.signed_in:
        visit.keep(visit.watch_login())


def _navigation(visit: Visit, page: Page) -> ui.left_drawer:
    drawer = ui.left_drawer(value=None, bordered=False).classes("rc-side").props("width=232 breakpoint=1023")
    with drawer:
        # One element, not a hundred: they took a third of the time in which a page is made.
        nav = ui.html("".join(_section(visit, *each, page) for each in SECTIONS.items()), sanitize=False, tag="nav")
        nav.props(f'aria-label="{_("Main")}"')
    return drawer


def _section(visit: Visit, section: str, title: str, page: Page) -> str:
    """A section's heading and entries as HTML; none where there is nothing in it for this person."""
    shown = _shown(visit, section)
    entries = "".join(_entry(each, page) for each in shown)
    return f"<h2>{escape(_(title))}</h2><ul>{entries}</ul>" if shown else ""


def _shown(visit: Visit, section: str) -> list[Page]:
    """The pages of a section that this person may look at."""
    from api.ui.page import PAGES

    shown = [
        each
        for each in PAGES
        if each.place is not None
        and each.place.section == section
        and (not each.permission or visit.may(each.permission))
    ]
    return sorted(shown, key=lambda each: (each.place.order if each.place else 0, each.title))


def _entry(each: Page, current: Page) -> str:
    assert each.place is not None
    here = current.path == each.path or (each.path != "/" and current.path.startswith(f"{each.path}/"))
    icon = f'<i class="q-icon notranslate material-icons" aria-hidden="true">{escape(each.place.icon)}</i>'
    current_page = ' aria-current="page"' if here else ""
    return f'<li><a href="{escape(each.path)}"{current_page}>{icon}<span>{escape(_(each.title))}</span></a></li>'


def _header(visit: Visit, drawer: ui.left_drawer) -> None:
    with ui.header(wrap=False).classes("rc-top"):
        icon_button("menu", _("Navigation"), drawer.toggle)
        with ui.element("a").classes("rc-brand").props('href="/" aria-label="Raycharge"'):
            ui.element("img").props('src="/assets/icon.svg" alt=""')
            text("span", "Raycharge")
        _network(visit)
        ui.element("div").classes("rc-grow")
        if visit.may("sessions:read"):
            _search(visit)
        if visit.may("alerts:read"):
            _bell(visit)
        _account(visit)


def _bell(visit: Visit) -> None:
    """How many alerts nobody has resolved, renewed while one looks."""
    with ui.element("a").classes("rc-bell").props('href="/alerts"') as bell:
        ui.icon("notifications", size="24px").props('aria-hidden="true"')
        count = ui.label("").classes("rc-bell-count").props('aria-hidden="true"')
        count.set_visibility(False)
    bell.props(f'aria-label="{_("Open alerts")}"')

    async def renew() -> None:
        try:
            page = await visit.api.get("/alerts", visit.where(state="unresolved", limit=100))
        except ProblemError:
            count.set_text("?")
            count.set_visibility(True)
            return
        number = len(page["items"])
        shown = f"{number}+" if page.get("next") else str(number)
        count.set_text(shown)
        count.set_visibility(bool(number))
        bell.props(f'aria-label="{_("Open alerts")}: {shown}"')

    visit.every(BELL_S, renew, "opened")


def icon_button(icon: str, label: str, action: object = None) -> ui.button:
    """A button that is only an icon, with its words for those who do not see it."""
    button = ui.button(icon=icon, on_click=action).props(f'flat round dense color="" aria-label="{label}"')  # type: ignore[arg-type]
    with button:
        ui.tooltip(label)
    return button


def _network(visit: Visit) -> None:
    """Chooses the network that lists are about, where somebody sees several."""
    if len(visit.networks) < 2:
        return
    options = {"": _("All networks")} | visit.networks

    def choose(event: object) -> None:
        value = str(getattr(event, "value", "") or "")
        ui.run_javascript(f"{cookies.set_by_script(cookies.NETWORK, value)} location.reload();")

    chosen = visit.network if visit.network in options else ""
    ui.select(options, value=chosen, on_change=choose).props(
        f'dense borderless options-dense aria-label="{_("Network")}"'
    ).classes("rc-roomy")


def _search(visit: Visit) -> None:
    def go(event: object) -> None:
        if field.value:
            ui.navigate.to(f"/search?q={quote(field.value, safe='')}")

    field = ui.input(placeholder=_("Search: phone, plate, token, receipt …")).classes("rc-search rc-roomy")
    field.props(f'dense borderless type="search" aria-label="{_("Search")}"').on("keydown.enter", go)
    with field.add_slot("prepend"):
        ui.icon("search", size="18px")


def _account(visit: Visit) -> None:
    with icon_button("account_circle", _("Account")), ui.menu().props("auto-close"), ui.list().props("dense"):
        with ui.item(), ui.item_section():
            ui.item_label(visit.principal.email)
            ui.item_label(visit.principal.role).props("caption")
        ui.separator()
        for value in THEMES:
            label = f"✓ {_(_THEMES[value])}" if value == visit.visitor.theme else _(_THEMES[value])
            ui.menu_item(label, on_click=lambda value=value: ui.run_javascript(f"raycharge.theme('{value}')"))
        ui.separator()
        for value, name in LANGUAGES.items():
            script = f"raycharge.remember('{cookies.LANGUAGE}', '{value}'); location.reload()"
            ui.menu_item(name, on_click=lambda script=script: ui.run_javascript(script))
        ui.separator()
        ui.menu_item(_("My account"), on_click=lambda: ui.navigate.to("/account"))
        ui.menu_item(_("REST reference"), on_click=lambda: ui.navigate.to("/docs"))
        ui.menu_item(_("Sign out"), on_click=lambda: ui.run_javascript(_SIGN_OUT))


_SIGN_OUT = (
    "const form = Object.assign(document.createElement('form'), {method: 'post', action: '/sign-out'});"
    "document.body.append(form); form.submit();"
)
