"""Block C: tokens that may charge and tokens that may not, groups, the master pass, and the authorisation cache."""

from __future__ import annotations

from tests.conformance.bench import Bench
from tests.conformance.registry import case
from tests.conformance.station201 import Station201
from tests.conformance.verdict import ABSENT, holds, same

ACCEPTED = {"idTokenInfo.status": "Accepted"}
UNKNOWN = {"idTokenInfo.status": {"Invalid", "Unknown"}}


async def _booted(bench: Bench, evses: int = 1) -> Station201:
    station = await bench.station201(evses)
    await station.boot()
    return station


@case("TC_C_02_CSMS", sample=True)
async def an_unknown_token(bench: Bench) -> None:
    """A token that nobody knows is Invalid or Unknown."""
    station = await _booted(bench)
    await station.authorize("NOBODY-KNOWS-THIS", wanted=UNKNOWN)


@case("TC_C_06_CSMS")
async def a_blocked_token(bench: Bench) -> None:
    """A blocked token is Blocked (or Invalid)."""
    station = await _booted(bench)
    await station.authorize(await bench.token("Blocked"), wanted={"idTokenInfo.status": {"Blocked", "Invalid"}})


@case("TC_C_07_CSMS")
async def an_expired_token(bench: Bench) -> None:
    """A token that is past its time is Expired (or Invalid)."""
    station = await _booted(bench)
    await station.authorize(await bench.token("Expired"), wanted={"idTokenInfo.status": {"Expired", "Invalid"}})


@case("TC_C_08_CSMS")
async def a_token_from_the_cache_is_accepted(bench: Bench) -> None:
    """A transaction that was authorised from the station's cache gets Accepted for its token, without any Authorize."""
    station = await _booted(bench)
    await station.parking_bay_occupied()
    await station.ev_connected_pre_session()
    await station.transactions[1].event("Updated", "Authorized", token=station.tag, wanted=ACCEPTED)


@case("TC_C_20_CSMS")
async def a_token_from_the_cache_that_is_not_known(bench: Bench) -> None:
    """A token that the station's cache still has, and that is not valid here, is told to be Invalid or Unknown."""
    station = await _booted(bench)
    await station.parking_bay_occupied()
    await station.ev_connected_pre_session()
    await station.transactions[1].event("Updated", "Authorized", token="NOBODY-KNOWS-THIS", wanted=UNKNOWN)


async def _clear_cache(bench: Bench, status: str) -> None:
    station = await _booted(bench)
    told = await bench.operated(station, "/clear-cache", action="ClearCache", answer={"status": status}, outcome=status)
    same(told.request, {}, "the ClearCache")
    holds(told.ended, {"payload.status": status}, "what the operator is told")


@case("TC_C_37_CSMS")
async def the_cache_is_cleared(bench: Bench) -> None:
    """The operator has the station clear its cache, and is told that it did."""
    await _clear_cache(bench, "Accepted")


@case("TC_C_38_CSMS")
async def the_cache_is_not_cleared(bench: Bench) -> None:
    """The operator is told that the station did not clear its cache."""
    await _clear_cache(bench, "Rejected")


async def _group(bench: Bench) -> tuple[str, str, dict[str, object]]:
    """Two tokens of one group, and what is said of each."""
    group = f"G{bench.identity[-12:]}"
    first, second = await bench.token(group=group), await bench.token(group=group)
    return first, second, {**ACCEPTED, "idTokenInfo.groupIdToken.idToken": group}


async def _charge_and_stop(
    station: Station201, first: str, second: str, said: dict[str, object], *, asks_first: bool, asks_last: bool
) -> None:
    """One token starts, the other of its group stops."""
    await station.ev_connected_pre_session()
    if asks_first:
        await station.authorize(second, wanted=said)
    transaction = station.transactions[1]
    await transaction.event("Updated", "Authorized", token=first, wanted=said)
    await station.energy_transfer_started()
    if asks_last:
        await station.authorize(second, wanted=said)
    await transaction.event("Updated", "StopAuthorized", token=second, wanted=said)
    await station.ev_connected_post_session()
    await station.ev_disconnected()


@case("TC_C_39_CSMS")
async def a_group_stops_what_another_of_it_started(bench: Bench) -> None:
    """Each answer about either token names the group by which the station lets one stop what the other started."""
    first, second, said = await _group(bench)
    station = await _booted(bench)
    await _charge_and_stop(station, first, second, said, asks_first=True, asks_last=True)
    session = await bench.session(station.transactions[1].id, state="stopped")
    same(session["id_token"], first, "the token of the session")


@case("TC_C_40_CSMS")
async def a_group_on_the_local_list(bench: Bench) -> None:
    """The group is told where both tokens are on the local list and only the transaction's events name them."""
    first, second, said = await _group(bench)
    station = await _booted(bench)
    await _charge_and_stop(station, first, second, said, asks_first=False, asks_last=False)


@case("TC_C_43_CSMS")
async def a_group_with_a_token_that_the_local_list_has_as_invalid(bench: Bench) -> None:
    """A token that the station's local list has as invalid is asked about, and told to be Accepted, of the group."""
    first, second, said = await _group(bench)
    station = await _booted(bench)
    await _charge_and_stop(station, first, second, said, asks_first=False, asks_last=True)


async def _master(bench: Bench) -> tuple[str, dict[str, object]]:
    group = f"MASTER{bench.identity[-6:]}"
    return await bench.token(group=group), {**ACCEPTED, "idTokenInfo.groupIdToken.idToken": group}


async def _stop_by_master(bench: Bench, evses: tuple[int, ...]) -> None:
    """Both EVSEs charge; somebody with the master pass stops those in `evses`."""
    master, said = await _master(bench)
    station = await _booted(bench, 2)
    for evse in (1, 2):
        await station.energy_transfer_started(evse, await bench.token())
    await station.authorize(master, wanted=said)
    for evse in evses:
        await station.transactions[evse].event(
            "Ended", "StopAuthorized", token=master, info={"stoppedReason": "MasterPass"}, wanted=said
        )
    for evse in evses:
        session = await bench.session(station.transactions[evse].id, state="stopped", reason="MasterPass")
        same(session["stop_id_token"], master, "the token that stopped the session")
    if len(evses) == 1:
        session = await bench.session(station.transactions[3 - evses[0]].id)
        same(session["stopped_at"], None, "the end of the session that was left alone")


@case("TC_C_47_CSMS")
async def the_master_pass_stops_all(bench: Bench) -> None:
    """The master pass is Accepted with its group, before and as it ends both transactions, and is on record."""
    await _stop_by_master(bench, (1, 2))


@case("TC_C_48_CSMS")
async def the_master_pass_stops_one(bench: Bench) -> None:
    """The master pass is Accepted with its group and ends one transaction; the other one goes on."""
    await _stop_by_master(bench, (2,))


@case("TC_C_49_CSMS")
async def the_master_pass_stops_all_without_a_display(bench: Bench) -> None:
    """The master pass ends both transactions; their own tokens, which the station names, are Accepted."""
    master, said = await _master(bench)
    station = await _booted(bench, 2)
    drivers = {evse: await bench.token() for evse in (1, 2)}
    for evse, driver in drivers.items():
        await station.energy_transfer_started(evse, driver)
    await station.authorize(master, wanted=said)
    for evse, driver in drivers.items():
        await station.transactions[evse].event(
            "Ended",
            "StopAuthorized",
            token=driver,
            info={"stoppedReason": "MasterPass"},
            wanted={**ACCEPTED, "idTokenInfo.groupIdToken": ABSENT},
        )
        await bench.session(station.transactions[evse].id, state="stopped", reason="MasterPass")
