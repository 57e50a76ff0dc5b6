"""All of it over one database: what the business bundle holds as `people`."""

from __future__ import annotations

from dataclasses import dataclass

from engine.clock import Clock
from engine.stores.changes import ChangeFeed
from engine.stores.installation_key import InstallationKey
from engine.stores.passwords import Passwords
from engine.stores.people.accounts import Accounts
from engine.stores.people.announcements import Announcements
from engine.stores.people.api_keys import ApiKeys
from engine.stores.people.granting import Granting
from engine.stores.people.ground import Ground
from engine.stores.people.identities import Identities
from engine.stores.people.logins import LoginSessions
from engine.stores.people.mail_tokens import MailTokens
from engine.stores.people.password_changes import PasswordChanges
from engine.stores.people.proofs_of_password import PasswordProofs
from engine.stores.people.roles import Roles
from engine.stores.people.second_factors import SecondFactors
from engine.stores.people.sign_up import SignUps
from engine.stores.people.standing import KnownPeople
from engine.stores.sql.engine import Database

ISSUER = "Raycharge"
"""As authenticator programs show it."""


@dataclass(frozen=True, slots=True)
class People:
    """The repositories of who may do what. `known` is the cache that every request asks."""

    known: KnownPeople
    accounts: Accounts
    granting: Granting
    roles: Roles
    logins: LoginSessions
    proofs: PasswordProofs
    passwords: PasswordChanges
    sign_ups: SignUps
    second_factors: SecondFactors
    api_keys: ApiKeys
    identities: Identities


def open_people(
    database: Database, feed: ChangeFeed, key: InstallationKey, passwords: Passwords, clock: Clock
) -> People:
    """Make them. Changes are announced on `feed`, and known in this process at once."""
    known = KnownPeople(database, clock)
    announcements = Announcements(known, feed)
    logins = LoginSessions(database, announcements, clock)
    ground = Ground(database, announcements, clock, key, passwords, logins, MailTokens(key))
    granting, proofs = Granting(ground), PasswordProofs(database, passwords)
    return People(
        known=known,
        accounts=Accounts(ground, granting),
        granting=granting,
        roles=Roles(ground),
        logins=logins,
        proofs=proofs,
        passwords=PasswordChanges(ground, proofs),
        sign_ups=SignUps(ground, granting),
        second_factors=SecondFactors(ground, ISSUER),
        api_keys=ApiKeys(ground, known),
        identities=Identities(ground, granting),
    )
