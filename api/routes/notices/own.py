"""What a driver wants to be told of, by e-mail and in which browsers."""

from __future__ import annotations

from fastapi import APIRouter

from api.routes.drivers.own import Me
from api.routes.paging import Id
from api.schemas.notices import (
    NotificationsChange,
    NotificationsOut,
    PushKeyOut,
    PushSubscriptionIn,
    PushSubscriptionOut,
)
from api.web.context import Here
from engine.notices.preferences import Choice

router = APIRouter(prefix="/me", tags=["me"])


@router.get("/notifications", operation_id="getMyNotifications", summary="What you are told of, and how")
async def get_notifications(me: Me, here: Here) -> NotificationsOut:
    return NotificationsOut.of(await here.ports.business.preferences.of(me.id))


@router.patch("/notifications", operation_id="changeMyNotifications", summary="Choose what you are told of, and how")
async def change_notifications(body: NotificationsChange, me: Me, here: Here) -> NotificationsOut:
    changes: Choice = {(each.kind, each.channel): each.wanted for each in body.items}
    return NotificationsOut.of(await here.ports.business.preferences.choose(me.id, me.network, changes))


@router.get("/push-key", operation_id="getPushKey", summary="The key by which browsers know this installation")
async def get_push_key(here: Here) -> PushKeyOut:
    return PushKeyOut(application_server_key=here.ports.business.vapid.application_server_key)


@router.get("/push-subscriptions", operation_id="listMyPushSubscriptions", summary="Your browsers, newest first")
async def list_subscriptions(me: Me, here: Here) -> list[PushSubscriptionOut]:
    return [PushSubscriptionOut.of(each) for each in await here.ports.business.browsers.of(me.id)]


@router.post(
    "/push-subscriptions", operation_id="addMyPushSubscription", summary="Be told in this browser", status_code=201
)
async def add_subscription(body: PushSubscriptionIn, me: Me, here: Here) -> PushSubscriptionOut:
    """The same browser again is no other one."""
    browsers, keys = here.ports.business.browsers, body.keys
    made = await browsers.add(me.id, me.network, body.endpoint, keys.p256dh, keys.auth, body.label)
    return PushSubscriptionOut.of(made)


@router.delete(
    "/push-subscriptions/{id}", operation_id="deleteMyPushSubscription", summary="No more in it", status_code=204
)
async def delete_subscription(id: Id, me: Me, here: Here) -> None:
    await here.ports.business.browsers.remove(me.id, me.network, id)
