"""Every setting of Raycharge, read from the environment (`RAYCHARGE_*`) in this one place."""

from __future__ import annotations

import re
import socket
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Defaults work on a laptop. A URL left empty means: the embedded store, in `data_dir`."""

    model_config = SettingsConfigDict(env_prefix="RAYCHARGE_", extra="ignore")

    data_dir: Path = Field(default=Path("data"), description="Where everything durable lives.")
    database_url: str = Field(default="", description="PostgreSQL as postgresql+asyncpg://…; empty: SQLite.")
    redis_url: str = Field(default="", description="Redis or Valkey as redis://…; empty: embedded Valkey.")
    redis_replicas: int = Field(default=0, ge=0, description="Replicas whose disk a commit waits for (WAITAOF).")
    clickhouse_url: str = Field(default="", description="ClickHouse as http://user:pass@host:8123/db; empty: chDB.")
    ray_address: str = Field(default="local", description="'local' starts a Ray of our own; else its address.")

    bind: str = Field(default="127.0.0.1", description="Address on which OCPP and the façade listen.")
    ocpp_port: int = Field(default=9000, ge=1, le=65535)
    api_port: int = Field(default=8080, ge=1, le=65535)
    clickhouse_port: int = Field(default=8123, ge=1, le=65535)

    ocpp_tls_port: int = Field(default=9443, ge=1, le=65535, description="OCPP over TLS, where there are certificates.")
    ocpp_legacy_tls_port: int = Field(
        default=0, ge=0, le=65535, description="TLS for stations with static-RSA cipher suites only; 0: none."
    )
    tls_certificates: str = Field(default="", description="Folder of the gateway's certificates; empty: `data/tls`.")
    smtp_url: str = Field(
        default="", description="Mail server as smtp://user:password@host:587 or smtps://…; empty: e-mail waits."
    )
    mail_sender: str = Field(
        default="Raycharge <raycharge@localhost>", description="From whom e-mail comes, as Name <address>."
    )
    private_receivers: str = Field(
        default="",
        description="Private networks that webhooks, chats and push may reach, by http too; empty: none.",
    )
    delivery_days: int = Field(default=30, ge=1, description="How long the log keeps what was delivered or given up.")
    organisation: str = Field(default="Raycharge", min_length=1, description="The operator's name (O) in certificates.")
    authority_url: str = Field(default="", description="Another authority for stations' certificates, as https://….")
    authority_token: str = Field(default="", description="Bearer token for it.")
    trusted_organisations: str = Field(default="", description="Others whose name a station's certificate may bear.")

    default_subprotocol: Literal["ocpp1.6", "ocpp2.0.1", "ocpp2.1"] = Field(
        default="ocpp1.6", description="What a charger is taken to speak that names no subprotocol."
    )
    inbox_network: str = Field(
        default="default", min_length=1, description="The network that unregistered chargers are given to."
    )
    quirks: str = Field(default="", description="File of the operator's own quirk profiles (TOML); empty: none.")

    public_url: str = Field(
        default="", description="How chargers reach the façade, for file links; empty: from bind and API port."
    )
    trusted_proxies: str = Field(
        default="", description="Proxies before the façade whose X-Forwarded-For counts: addresses, networks."
    )
    max_firmware_mb: int = Field(default=1024, ge=1, description="Largest firmware image.")
    max_upload_mb: int = Field(default=512, ge=1, description="Largest log or diagnostics file of a charger.")
    upload_days: int = Field(default=90, ge=1, description="How long chargers' logs and diagnostics are kept.")

    requests_per_minute: int = Field(
        default=6000, ge=0, description="Requests a caller may make, in each façade; 0: as many as they like."
    )
    requests_per_minute_per_address: int = Field(
        default=12000, ge=0, description="Requests from one address, in each façade; 0: as many as they like."
    )

    hosts: int = Field(default=2, ge=1, le=64, description="Hosts (processes in which actors live) on this node.")
    partitions: int = Field(default=4, ge=1, le=1024, description="Journal partitions; fixed at the first start.")
    admin_password: str = Field(default="", description="First admin's password; empty: one is made and printed.")
    oidc_issuer: str = Field(default="", description="OpenID provider for logins of staff, as https://…; empty: none.")
    oidc_client_id: str = Field(default="", description="Our client id there.")
    oidc_client_secret: str = Field(default="", description="Our client secret there.")
    oidc_scopes: str = Field(default="openid email profile", description="What it is asked for.")
    oidc_redirect_url: str = Field(
        default="", description="Where it sends browsers back; empty: `/api/v1/oidc/callback` of the public URL."
    )
    oidc_role_claim: str = Field(default="groups", description="Claim that gives roles; a path with dots.")
    oidc_roles: str = Field(default="", description="What its values give, as `value=role@network, …`.")
    oidc_link_by_email: bool = Field(
        default=False, description="Link an account by its address, if the provider has verified that."
    )
    metrics_token: str = Field(default="", description="Bearer token that may read /metrics; empty: users only.")
    demo: int = Field(default=0, ge=0, description="Simulated charge points to run beside the system.")

    map_tiles: str = Field(
        default="",
        description="Tiles under the maps, as https://host/{z}/{x}/{y}.png; empty: none, and nothing is asked outside.",
    )
    map_attribution: str = Field(default="", description="Whose map that is, as its owner wants it to be shown.")

    heartbeat_interval_s: int = Field(default=300, ge=1, description="Interval given to booting stations.")
    price_per_kwh: Decimal | None = Field(
        default=None, ge=0, description="What sessions cost where no tariff is assigned; empty: nothing."
    )
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$", description="Of that price, as in ISO 4217.")
    payments: Literal["", "off", "local", "http"] = Field(
        default="",
        description="Who takes payments: off, local (test cards), http (`PAYMENTS_URL`). Empty: local in demo mode.",
    )
    payments_port: int = Field(default=8090, ge=1, le=65535, description="Where the local payment provider listens.")
    payments_url: str = Field(
        default="",
        description="http: the provider's address. local: how payers reach its page, if not by bind and port.",
    )
    payments_key: str = Field(default="", description="http: the provider's bearer key.")
    payments_webhook_secret: str = Field(default="", description="http: what its webhooks are signed with.")
    ping_interval_s: float = Field(default=30.0, gt=0, description="WebSocket ping interval; dead after two.")
    offline_grace_s: float = Field(default=60.0, gt=0, description="Reconnecting becomes offline after this.")
    call_timeout_s: float = Field(default=30.0, gt=0, description="How long a station may take to answer a CALL.")
    max_frame_bytes: int = Field(default=262_144, ge=1024, description="Largest frame after decompression.")
    max_json_depth: int = Field(default=32, ge=4, description="Deepest nesting of a frame.")
    frames_per_s: float = Field(default=50.0, gt=0, description="Sustained rate of one connection.")
    frames_burst: int = Field(default=500, ge=1, description="Burst of one connection (backlogs after an outage).")
    handshakes_per_s: float = Field(default=400.0, gt=0, description="Admission of handshakes per host.")
    contracts_url: str = Field(default="", description="Who answers Get15118EVCertificate, as https://….")
    contracts_token: str = Field(default="", description="Bearer token for it.")
    contracts_dir: Path | None = Field(default=None, description="Prepared *.exi answers instead, for tests.")
    ocsp_issuers_dir: Path | None = Field(default=None, description="PEM of the issuers that OCSP is asked about.")
    ocsp_hosts: str = Field(default="", description="OCSP responders that may be asked, by host name.")
    message_log: bool = Field(default=True, description="Write every frame into ocpp_messages.")
    message_log_days: int = Field(default=90, ge=1, le=20_000, description="How long ocpp_messages keeps a frame.")
    archive_days: int = Field(default=30, ge=1, description="How long journal segments are kept.")
    redis_max_memory_mb: int = Field(default=2048, ge=64, description="Embedded Valkey's maxmemory.")
    allow_not_durable: bool = Field(
        default=False, description="Run on a Redis that may lose acknowledged data; every page says so."
    )
    clickhouse_max_memory_mb: int = Field(default=4096, ge=512, description="Embedded chDB's memory limit.")
    log_level: str = "INFO"

    @field_validator("price_per_kwh", mode="before")
    @classmethod
    def _no_price(cls, said: object) -> object:
        return None if isinstance(said, str) and not said.strip() else said

    @field_validator("trusted_proxies", "private_receivers")
    @classmethod
    def _networks(cls, said: str) -> str:
        """Raise ValueError at start rather than with the first request."""
        for text in filter(None, map(str.strip, said.split(","))):
            ip_network(text, strict=False)
        return said

    @field_validator("map_tiles")
    @classmethod
    def _template(cls, said: str) -> str:
        """Its host goes into the pages' security policy: nothing else may come in with it."""
        pattern = r"https?://[A-Za-z0-9.:{}-]+/[!-~]*"
        if said and not (re.fullmatch(pattern, said) and all(part in said for part in ("{z}", "{x}", "{y}"))):
            raise ValueError("Give the tiles as https://host/{z}/{x}/{y}.png.")
        return said

    @field_validator("quirks")
    @classmethod
    def _absolute(cls, said: str) -> str:
        """Other processes read it too, from wherever they were started."""
        return str(Path(said).absolute()) if said else ""

    @property
    def facade_url(self) -> str:
        """How chargers reach the façade. Bound to every address, it is taken to be where this machine's own traffic
        comes from, for what else would be right is only known outside."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = self.bind if self.bind not in ("0.0.0.0", "::", "") else _own_address()
        return f"http://{f'[{host}]' if ':' in host else host}:{self.api_port}"

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The trusted proxies as networks. Raises ValueError for what is none."""
        return tuple(ip_network(text.strip(), strict=False) for text in self.trusted_proxies.split(",") if text.strip())

    @property
    def own_host(self) -> str:
        """How processes of this machine reach what listens on `bind`."""
        return "127.0.0.1" if self.bind in ("0.0.0.0", "::", "") else self.bind

    @property
    def takes_payments(self) -> str:
        """off, local or http."""
        return self.payments or ("local" if self.demo else "off")

    @property
    def sql_url(self) -> str:
        """SQLAlchemy's async URL of the registry and ledger."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir.absolute()}/raycharge.sqlite3"

    @property
    def tls_folder(self) -> Path:
        """Where the gateway's certificates, and below it `clients` and `crl`, are."""
        return Path(self.tls_certificates) if self.tls_certificates else self.data_dir / "tls"

    @property
    def pki_folder(self) -> Path:
        """Where our own certificate authority is, if there is one."""
        return self.data_dir / "pki"

    @property
    def organisations(self) -> tuple[str, ...]:
        """The organisations that a station's certificate may name; the operator's own first (A00.FR.404)."""
        others = (name.strip() for name in self.trusted_organisations.split(","))
        return self.organisation, *(name for name in others if name)


def _own_address() -> str:
    """The address that this machine's traffic to elsewhere has; its name if it has no way out. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
