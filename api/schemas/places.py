"""The JSON of networks, stations, the inbox and the places where drivers can charge."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.charge_points import ConnectorOut, Note, PlaceId, Registered, Tags
from api.schemas.resources import Strict, Text, moment
from engine.clock import to_iso
from engine.stores.places.inbox import Arrival
from engine.stores.places.networks import Network
from engine.stores.places.stations import Station

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f]$")]
Country = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Zone = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9A-Za-z_+/-]*$")]
Url = Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[^\x00-\x20\x7f<>\"]+$")]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class Contact(Strict):
    """Whom drivers and partners turn to."""

    name: Text = ""
    email: Text = ""
    phone: Text = ""
    website: Text = ""


class NetworkChange(Strict):
    """Members that are left out stay as they are."""

    name: Name = Field("Network", examples=["City charging"])
    currency: Currency = Field("EUR", description="ISO 4217; of tariffs that name none.", examples=["INR"])
    country: Country = Field("", description="ISO 3166-1 alpha-2; of stations that name none.", examples=["IN"])
    region: Text = Field("", description="State or province, as the country codes it.", examples=["KA"])
    time_zone: Zone = Field("UTC", description="IANA; of stations that name none.", examples=["Asia/Kolkata"])
    contact: Contact = Field(default_factory=Contact)
    accepts_automatically: bool = Field(
        False,
        description="Register chargers that connect unregistered at once, at `arrival_station`. Only for the network "
        "that RAYCHARGE_INBOX_NETWORK names.",
    )
    arrival_station: Annotated[str, StringConstraints(max_length=64)] = ""


class NetworkIn(NetworkChange):
    id: PlaceId = Field(examples=["city"])
    name: Name = Field(examples=["City charging"])


class NetworkOut(BaseModel):
    id: str
    name: str
    currency: str
    country: str
    region: str
    time_zone: str
    contact: dict[str, str]
    accepts_automatically: bool
    arrival_station: str
    created_at: str
    updated_at: str | None
    retired_at: str | None

    @classmethod
    def of(cls, row: Network) -> NetworkOut:
        return cls(
            id=row.id,
            name=row.name,
            currency=row.currency,
            country=row.country,
            region=row.region,
            time_zone=row.time_zone,
            contact={name: text for name, text in row.contact.items() if text},
            accepts_automatically=row.accepts_automatically,
            arrival_station=row.arrival_station,
            created_at=to_iso(row.created),
            updated_at=moment(row.updated or None),
            retired_at=moment(row.retired),
        )


class RegularHours(Strict):
    weekday: int = Field(ge=1, le=7, description="1 is Monday, 7 Sunday.")
    period_begin: Clock = Field(examples=["08:00"])
    period_end: Clock = Field(description="Not after its begin: on the next day.", examples=["22:00"])


class ExceptionalPeriod(Strict):
    period_begin: Annotated[str, StringConstraints(max_length=40)] = Field(examples=["2026-12-24T09:00:00Z"])
    period_end: Annotated[str, StringConstraints(max_length=40)] = Field(examples=["2026-12-24T14:00:00Z"])


class Hours(Strict):
    """Opening hours as OCPI has them; regular hours by the clock on the wall at the station."""

    twentyfourseven: bool
    regular_hours: Annotated[list[RegularHours], Field(max_length=100)] | None = None
    exceptional_openings: Annotated[list[ExceptionalPeriod], Field(max_length=100)] | None = None
    exceptional_closings: Annotated[list[ExceptionalPeriod], Field(max_length=100)] | None = None


class StationChange(Strict):
    """Members that are left out stay as they are."""

    name: Name = Field("Station", examples=["City Mall Station"])
    street: Text = Field("", examples=["100 Feet Road 12"])
    postal_code: Text = Field("", examples=["560038"])
    city: Text = Field("", examples=["Bengaluru"])
    region: Text = Field("", description="State or province, as the country codes it.", examples=["KA"])
    country: Country = Field("", description="ISO 3166-1 alpha-2; empty: its network's.", examples=["IN"])
    latitude: Latitude | None = Field(None, description="WGS 84, degrees.", examples=[12.9716])
    longitude: Longitude | None = Field(None, description="WGS 84, degrees.", examples=[77.5946])
    time_zone: Zone = Field("", description="IANA; empty: its network's.", examples=["Asia/Kolkata"])
    opening_hours: Hours | None = Field(None, description="null where nothing is known.")
    photos: Annotated[list[Url], Field(max_length=20)] = Field(default_factory=list)
    parking: Note = Field("", description="Where to park, for drivers.", examples=["Level -2, by lift B"])
    access: Note = Field("", description="How to get in, for drivers.", examples=["Ticket at the gate"])
    notes: Note = Field("", description="For those who run it.")
    public: bool = Field(True, description="Whether drivers are shown it.")
    tags: Tags = Field(default_factory=list, examples=[["mall"]])

    def changes(self) -> dict[str, Any]:
        """What is said, in the store's words."""
        given = self.model_dump(exclude_unset=True, exclude={"opening_hours"})
        if "opening_hours" in self.model_fields_set:
            hours = self.opening_hours
            given["hours"] = None if hours is None else hours.model_dump(exclude_none=True)
        return given


class StationIn(StationChange):
    id: PlaceId = Field(examples=["city-mall"])
    network: PlaceId = Field("default", examples=["city"])
    name: Name = Field(examples=["City Mall Station"])

    def station(self) -> Station:
        """The station to register."""
        given = self.changes() | {"id": self.id, "network_id": self.network}
        given.pop("network", None)
        return Station(**given)


class StandingOut(BaseModel):
    """A charge point of a station, retired ones left out."""

    id: str = Field(examples=["CP-1"])
    name: str
    commissioning: str = Field(examples=["live"])
    link: str | None = Field(description="null: it never connected, or that cannot be read.", examples=["connected"])
    connectors: list[ConnectorOut]


class StationOut(BaseModel):
    id: str
    network: str
    name: str
    street: str
    postal_code: str
    city: str
    region: str
    country: str
    latitude: float | None
    longitude: float | None
    time_zone: str
    opening_hours: Hours | None
    photos: list[str]
    parking: str
    access: str
    notes: str
    public: bool
    tags: list[str]
    charge_points: list[StandingOut]
    created_at: str
    updated_at: str | None
    retired_at: str | None

    @classmethod
    def of(cls, row: Station, charge_points: list[StandingOut]) -> StationOut:
        names = ("id", "name", "street", "postal_code", "city", "region", "country", "latitude", "longitude")
        words = ("time_zone", "parking", "access", "notes", "public")
        return cls.model_validate(
            {name: getattr(row, name) for name in (*names, *words)}
            | {
                "network": row.network_id,
                "opening_hours": row.hours,
                "photos": list(row.photos),
                "tags": list(row.tags),
                "charge_points": charge_points,
                "created_at": to_iso(row.created),
                "updated_at": moment(row.updated or None),
                "retired_at": moment(row.retired),
            }
        )


# --- the inbox ----------------------------------------------------------------------------------------------------


class ArrivalOut(BaseModel):
    id: str
    charge_point: str = Field(description="The id that it connected with.", examples=["CP-NEW"])
    address: str = Field(description="Where it came from.", examples=["203.0.113.9"])
    subprotocols: list[str] = Field(description="The OCPP versions that it offered.", examples=[["ocpp1.6"]])
    credentials: Literal["none", "password", "certificate"] = Field(description="What it offered; never kept.")
    knocks: int = Field(description="How often it tried.")
    first_seen_at: str
    last_seen_at: str
    dismissed_at: str | None

    @classmethod
    def of(cls, row: Arrival) -> ArrivalOut:
        return cls.model_validate(
            {
                "id": row.id,
                "charge_point": row.charge_point,
                "address": row.address,
                "subprotocols": row.subprotocols.split(),
                "credentials": row.credentials,
                "knocks": row.knocks,
                "first_seen_at": to_iso(row.first_seen),
                "last_seen_at": to_iso(row.last_seen),
                "dismissed_at": moment(row.dismissed),
            }
        )


class AdoptIn(Registered):
    """As registering a charge point, but for its id. It gets in at its next try."""


# --- where drivers can charge -------------------------------------------------------------------------------------


class LocationConnector(BaseModel):
    charge_point: str
    evse: int
    connector: int
    label: str
    code: str = Field(description="As in its QR code.")
    type: str
    format: str
    power_type: str
    max_power_w: int | None
    availability: Literal["free", "occupied", "reserved", "out_of_order", "unknown"] = Field(
        description="`free` only where the charger is connected and says so."
    )

    @classmethod
    def of(cls, one: ConnectorOut, availability: str) -> LocationConnector:
        shared = cls.model_fields.keys() - {"availability"}
        return cls.model_validate(one.model_dump(include=set(shared)) | {"availability": availability})


class LocationOut(BaseModel):
    id: str = Field(description="The station's id.", examples=["city-mall"])
    network: str
    operator: str = Field(description="The network's name.")
    name: str
    street: str
    postal_code: str
    city: str
    region: str
    country: str
    latitude: float
    longitude: float
    distance_m: int | None = Field(description="From the point that was asked for.")
    time_zone: str
    opening_hours: Hours | None
    open_now: bool | None = Field(description="null where its hours are not known.")
    photos: list[str]
    parking: str
    access: str
    free: int = Field(description="How many of `connectors` are free now.")
    connectors: list[LocationConnector]


class LocationsOut(BaseModel):
    items: list[LocationOut]
    complete: bool = Field(description="False: there are more than `limit`; ask for a smaller area.")
