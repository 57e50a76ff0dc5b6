-- The message log whole: latency (microseconds: of a station's CALL until our answer, of a station's answer since our
-- CALL left), the code of a CALLERROR in either direction, and what finds a message by its id or its time alone.
ALTER TABLE ocpp_messages
    ADD COLUMN IF NOT EXISTS latency_us Nullable(Int64) CODEC(ZSTD(1)) AFTER deviations,
    ADD COLUMN IF NOT EXISTS error LowCardinality(String) AFTER latency_us,
    ADD INDEX IF NOT EXISTS message_ids message_id TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS received_range received TYPE minmax GRANULARITY 1;

DROP VIEW IF EXISTS ocpp_messages_landed;

DROP TABLE IF EXISTS ocpp_messages_landing;

CREATE TABLE IF NOT EXISTS ocpp_messages_landing (
    p UInt16,
    e UInt64,
    i UInt32,
    v UInt64,
    r Array(Tuple(String, Int64, Int64, String, Int16, String, String, String, Nullable(String), Array(String),
        Nullable(Int64)))
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS ocpp_messages_landed TO ocpp_messages AS
SELECT
    x.1 AS charge_point, x.2 AS connection, fromUnixTimestamp64Micro(x.3, 'UTC') AS received, x.4 AS direction,
    x.5 AS type, x.6 AS action, x.7 AS message_id, x.8 AS raw, x.9 AS answer, x.10 AS deviations, x.11 AS latency_us,
    substring(multiIf(x.5 = 4, JSONExtractString(x.8, 3), startsWith(ifNull(x.9, ''), '[4,'),
        JSONExtractString(ifNull(x.9, ''), 3), ''), 1, 50) AS error,
    p AS partition_no, e AS entry, toUInt32(i + n - 1) AS idx
FROM ocpp_messages_landing ARRAY JOIN r AS x, arrayEnumerate(r) AS n
WHERE throwIf(v NOT IN (SELECT max(version) FROM projection_intents WHERE sink = 'analytics'), 'superseded') = 0;
