"""One's own account: password, second factor, where one is logged in, language and theme."""

from __future__ import annotations

from typing import Any

import segno
from nicegui import ui

from api.dashboard.office.alert_rules import severities
from api.dashboard.office.asking import button, filled, shown_once, sure
from api.dashboard.office.form import Field, Form
from api.dashboard.office.shown import card, facts, moment, table
from api.ui import cookies
from api.ui.client import ProblemError
from api.ui.page import page
from api.ui.parts.notices import done, text
from api.ui.texts import LANGUAGES, N_, _, language
from api.ui.visit import THEMES, Visit

_THEMES = {"auto": N_("As the system"), "light": N_("Light"), "dark": N_("Dark")}


@page("/account", N_("My account"), "self:read")
async def account(visit: Visit) -> None:
    me = await visit.api.get("/me")
    with ui.element("div").classes("rc-grid"):
        with card(me["email"]):
            facts([(_("Role"), me["role"]), (_("Where"), _where(visit, me))])
            _preferences(visit)
        with card(_("Password")):
            _password(visit)
        with card(_("Second factor")):
            _second_factor(visit)
        await _alerts(visit)
        await _logins(visit)


def _where(visit: Visit, me: dict[str, Any]) -> str:
    names = {
        _("everywhere") if each["network"] is None else visit.networks.get(each["network"], "") for each in me["grants"]
    }
    return ", ".join(sorted(names))


def _preferences(visit: Visit) -> None:
    def choose(name: str, value: str) -> None:
        ui.run_javascript(f"raycharge.remember('{name}', '{value}'); location.reload()")

    spoken = ui.select(dict(LANGUAGES), label=_("Language"), value=language())
    spoken.on_value_change(lambda event: choose(cookies.LANGUAGE, event.value))
    themes = {key: _(_THEMES[key]) for key in THEMES}
    theme = ui.select(themes, label=_("Theme"), value=visit.visitor.theme)
    theme.on_value_change(lambda event: choose(cookies.THEME, event.value))
    for each, label in ((spoken, _("Language")), (theme, _("Theme"))):
        each.props("outlined dense stack-label").props["aria-label"] = label


def _password(visit: Visit) -> None:
    fields = [
        Field("old_password", _("The one until now"), "secret"),
        Field("new_password", _("The new one"), "secret", help=_("8 characters or more")),
    ]
    form = Form(fields, {}, whole=True, guarded=False)
    form.draw()
    text("p", _("All your other logins end."), "rc-soft")

    async def send(body: dict[str, Any]) -> bool:
        await visit.api.post("/me/password", body)
        return True

    async def change() -> None:
        if await form.save(send):
            done(_("Your password is changed. Please sign in with it."))
            ui.navigate.to("/sign-in")

    button(_("Change the password"), change, first=True)


def _second_factor(visit: Visit) -> None:
    proof = [Field("password", _("Password"), "secret"), Field("code", _("Code, or a recovery code"))]

    async def enrol() -> None:
        made = await filled(
            _("Set up a second factor"),
            [Field("password", _("Password"), "secret")],
            lambda body: visit.api.post("/me/second-factor", body),
            action=_("Go on"),
        )
        if made is not None:
            await _confirm(visit, made)

    async def renew() -> None:
        codes = await filled(
            _("New recovery codes"),
            proof,
            lambda body: visit.api.post("/me/second-factor/recovery-codes", body),
            action=_("Make them"),
            about=_("Those from before count no more."),
        )
        if codes is not None:
            await _codes(codes)

    async def give_up() -> None:
        async def send(body: dict[str, Any]) -> bool:
            await visit.api.post("/me/second-factor/give-up", body)
            return True

        about = _("Your password alone lets you in then, unless your role needs a second factor.")
        if await filled(_("Do without a second factor"), proof, send, action=_("Do without"), about=about):
            done(_("The second factor is gone."))

    text("p", _("A code of a program on your phone, beside the password."), "rc-soft")
    with ui.element("div").classes("rc-row"):
        button(_("Set up …"), enrol, first=True)
        button(_("New recovery codes …"), renew)
        button(_("Do without …"), give_up, danger=True)


async def _confirm(visit: Visit, made: dict[str, Any]) -> None:
    """Show the secret as a QR code, and ask for the first code that follows from it."""
    with ui.dialog().props("persistent") as dialog, ui.card().classes("rc-ask"):
        dialog.props["aria-label"] = _("Scan this with your authenticator program")
        text("h2", _("Scan this with your authenticator program"))
        drawn = ui.html(
            segno.make(made["uri"], micro=False).svg_inline(scale=4, border=2, light="#fff"), sanitize=False
        )
        drawn.props["role"], drawn.props["aria-label"] = "img", _("QR code of the second factor")
        text("p", _("Or type it in:"))
        text("code", made["secret"], "rc-secret")
        form = Form([Field("code", _("The code that it shows now"))], {}, whole=True, guarded=False)
        form.draw()

        async def confirm() -> None:
            codes = await form.save(lambda body: visit.api.post("/me/second-factor/confirm", body))
            if codes is not None:
                dialog.submit(codes)

        with ui.element("div").classes("rc-row"):
            button(_("Put it in force"), confirm, first=True)
            ui.button(_("Cancel"), on_click=lambda: dialog.submit(None), color=None).props("flat")
    codes = await dialog
    dialog.delete()
    if codes is not None:
        await _codes(codes)


async def _codes(codes: dict[str, Any]) -> None:
    about = _("Each lets you in once without the program. They are not shown again: keep them safe.")
    await shown_once(_("Recovery codes"), about, "  ".join(codes["recovery_codes"]))


async def _alerts(visit: Visit) -> None:
    """By which way one is told of alerts, from which severity on, and when not."""
    try:
        answer = await visit.api.ask("GET", "/me/alert-preferences")
    except ProblemError as problem:
        if problem.status != 403:
            raise
        return
    fields = [
        Field("email", _("Tell me by e-mail"), "toggle"),
        Field("critical_through", _("Critical ones also in quiet hours"), "toggle"),
        Field("severity", _("From severity"), "choice", options=severities()),
        Field("quiet_from", _("Quiet from"), "time", empty=None),
        Field("quiet_to", _("Quiet until"), "time", empty=None),
        Field("time_zone", _("In the time zone"), help=_("E.g. Europe/Berlin")),
    ]
    with card(_("What I am told of alerts")):
        form = Form(fields, answer.data, whole=False, guarded=False)
        form.draw()

        async def save() -> None:
            where = "/me/alert-preferences"
            if await form.save(lambda body: visit.api.patch(where, body, etag=answer.etag)) is not None:
                done(_("Saved."))
                ui.navigate.reload()

        button(_("Save"), save, first=True)


async def _logins(visit: Visit) -> None:
    found = (await visit.api.get("/me/logins"))["items"]

    async def end_others() -> None:
        if await sure(_("Log out everywhere else?"), _("Other browsers are out at once."), _("Log out there")):
            await visit.api.delete("/me/logins")
            ui.navigate.reload()

    async def end(each: dict[str, Any]) -> None:
        await visit.api.delete(f"/me/logins/{each['id']}")
        ui.navigate.reload()

    with card(_("Where you are logged in")).classes("rc-wide"):
        rows = [
            [
                moment(each["created_at"]),
                each["address"],
                each["client"][:70],
                _("here") if each["current"] else (lambda each=each: button(_("End it"), lambda: end(each))),
            ]
            for each in found
        ]
        table([_("Since"), _("From"), _("Program"), ""], rows, label=_("Where you are logged in"))
        if len(found) > 1:
            button(_("Log out everywhere else …"), end_others, danger=True)
