"""The durable side of credential proofs: the keyed hash of a secret that is known to be right, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.stores.installation_key import InstallationKey
from engine.stores.sql.dialect import upsert
from engine.stores.sql.models import credential_proofs


def proof_of(key: InstallationKey, charge_point: str, version: int, secret: bytes) -> bytes:
    """HMAC-SHA256 of the secret, bound to the charge point and to the version of its secret."""
    return key.digest("charge point secret", charge_point, str(version), secret)


def waiting_proof_of(key: InstallationKey, charge_point: str, command: str, secret: bytes) -> bytes:
    """The same for a secret that the station was sent by this command and has not used yet."""
    return key.digest("waiting secret", charge_point, command, secret)


async def keep_proofs(
    connection: AsyncConnection, key: InstallationKey, proofs: Sequence[tuple[str, int, bytes]]
) -> None:
    """Write (charge point, version, proof), over older ones of the same key, in the caller's transaction."""
    statement = upsert(connection.dialect.name, credential_proofs)
    statement = statement.on_conflict_do_update(
        index_elements=["charge_point", "key_id"],
        set_={"secret_version": statement.excluded.secret_version, "proof": statement.excluded.proof},
    )
    rows = [
        {"charge_point": charge_point, "key_id": key.id, "secret_version": version, "proof": proof}
        for charge_point, version, proof in proofs
    ]
    await connection.execute(statement, rows)
