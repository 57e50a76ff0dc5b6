"""The analytics store: ClickHouse, or chDB behind the gateway, which speaks the same HTTP interface."""
