"""The façade's ports over the real stores: SQL (`registry`, `ledger`), ClickHouse (`curves`), Redis (`live`), and
the OCPP schemas (`calls`). None of them needs Ray."""
