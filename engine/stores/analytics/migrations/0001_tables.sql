-- What analysts read. Each row carries where it comes from: journal partition, entry, and its index in that entry.
-- Partitions and TTL go by the time of arrival, never by what a station's clock says. {durable} and {calm} are in
-- migrations/__init__.py.
CREATE TABLE IF NOT EXISTS meter_values (
    charge_point LowCardinality(String),
    evse Int32 CODEC(ZSTD(1)),
    connector Int32 CODEC(ZSTD(1)),
    session String CODEC(ZSTD(1)),
    transaction String CODEC(ZSTD(1)),
    said Nullable(String) CODEC(ZSTD(1)),
    believed DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    received DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    measurand LowCardinality(String),
    phase LowCardinality(String),
    location LowCardinality(String),
    context LowCardinality(String),
    format LowCardinality(String),
    unit LowCardinality(String),
    raw String CODEC(ZSTD(1)),
    value Nullable(Decimal(38, 9)) CODEC(ZSTD(1)),
    base_unit LowCardinality(String),
    partition_no UInt16 CODEC(ZSTD(1)),
    entry UInt64 CODEC(Delta, ZSTD(1)),
    idx UInt32 CODEC(ZSTD(1)),
    INDEX entry_range entry TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(received)
ORDER BY (charge_point, received)
SETTINGS {durable}, {calm};

CREATE TABLE IF NOT EXISTS ocpp_messages (
    charge_point LowCardinality(String),
    connection Int64 CODEC(ZSTD(1)),
    received DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    direction LowCardinality(String),
    type Int16 CODEC(ZSTD(1)),
    action LowCardinality(String),
    message_id String CODEC(ZSTD(1)),
    raw String CODEC(ZSTD(1)),
    answer Nullable(String) CODEC(ZSTD(1)),
    deviations Array(LowCardinality(String)),
    partition_no UInt16 CODEC(ZSTD(1)),
    entry UInt64 CODEC(Delta, ZSTD(1)),
    idx UInt32 CODEC(ZSTD(1)),
    INDEX entry_range entry TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(received)
ORDER BY (charge_point, received)
TTL toDateTime(received) + INTERVAL {message_log_days} DAY DELETE
SETTINGS {durable}, {calm}, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS connector_status (
    charge_point LowCardinality(String),
    evse Int32 CODEC(ZSTD(1)),
    connector Int32 CODEC(ZSTD(1)),
    status LowCardinality(String),
    previous LowCardinality(String),
    error LowCardinality(String),
    info String CODEC(ZSTD(1)),
    vendor LowCardinality(String),
    vendor_error String CODEC(ZSTD(1)),
    said Nullable(String) CODEC(ZSTD(1)),
    believed DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    received DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    partition_no UInt16 CODEC(ZSTD(1)),
    entry UInt64 CODEC(Delta, ZSTD(1)),
    idx UInt32 CODEC(ZSTD(1)),
    INDEX entry_range entry TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(received)
ORDER BY (charge_point, received)
SETTINGS {durable}, {calm};

-- One row a finished session. Energies are Wh; `stopped` is the believed time of the Stop.
CREATE TABLE IF NOT EXISTS sessions (
    charge_point LowCardinality(String),
    session String CODEC(ZSTD(1)),
    evse Int32 CODEC(ZSTD(1)),
    connector Int32 CODEC(ZSTD(1)),
    transaction String CODEC(ZSTD(1)),
    id_token String CODEC(ZSTD(1)),
    stop_id_token String CODEC(ZSTD(1)),
    meter_start_wh Nullable(Decimal(38, 9)) CODEC(ZSTD(1)),
    meter_stop_wh Nullable(Decimal(38, 9)) CODEC(ZSTD(1)),
    energy_wh Nullable(Decimal(38, 9)) CODEC(ZSTD(1)),
    started Nullable(DateTime64(6, 'UTC')) CODEC(ZSTD(1)),
    said Nullable(String) CODEC(ZSTD(1)),
    stopped DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    received DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    duration_s Nullable(Int64) CODEC(ZSTD(1)),
    reason LowCardinality(String),
    doubts Array(LowCardinality(String)),
    partition_no UInt16 CODEC(ZSTD(1)),
    entry UInt64 CODEC(Delta, ZSTD(1)),
    idx UInt32 CODEC(ZSTD(1)),
    INDEX entry_range entry TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMM(received)
ORDER BY (charge_point, received)
SETTINGS {durable}, {calm};

-- What a projection is about to write, and so how far it has come: see engine/projections/analytics.py.
CREATE TABLE IF NOT EXISTS projection_intents (
    sink LowCardinality(String),
    partition_no UInt16,
    version UInt64,
    after UInt64,
    up_to UInt64,
    written DateTime DEFAULT now()
) ENGINE = ReplacingMergeTree(version)
ORDER BY (sink, partition_no)
SETTINGS {durable};
