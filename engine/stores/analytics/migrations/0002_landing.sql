-- Where the journal's bytes land. One line is one entry: [partition, entry, first index, intent, [rows of a channel]].
-- The tables keep nothing; their views take the rows apart. A line whose intent is not the newest one is refused: it
-- comes from a consumer that has been superseded meanwhile.
CREATE TABLE IF NOT EXISTS meter_values_landing (
    p UInt16,
    e UInt64,
    i UInt32,
    v UInt64,
    r Array(Tuple(String, Int32, Int32, String, String, Nullable(String), Int64, Int64,
        Array(Tuple(String, String, String, String, String, String, String, Nullable(String), String))))
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS meter_values_landed TO meter_values AS
SELECT
    x.1 AS charge_point, x.2 AS evse, x.3 AS connector, x.4 AS session, x.5 AS transaction, x.6 AS said,
    fromUnixTimestamp64Micro(x.7, 'UTC') AS believed, fromUnixTimestamp64Micro(x.8, 'UTC') AS received,
    s.1 AS measurand, s.2 AS phase, s.3 AS location, s.4 AS context, s.5 AS format, s.6 AS unit, s.7 AS raw,
    toDecimal128OrNull(s.8, 9) AS value, s.9 AS base_unit,
    p AS partition_no, e AS entry, toUInt32(i + (n - 1) * 65536 + m - 1) AS idx
FROM (
    SELECT p, e, i, x, n FROM meter_values_landing ARRAY JOIN r AS x, arrayEnumerate(r) AS n
    WHERE throwIf(v NOT IN (SELECT max(version) FROM projection_intents WHERE sink = 'analytics'), 'superseded') = 0
)
ARRAY JOIN x.9 AS s, arrayEnumerate(x.9) AS m;

CREATE TABLE IF NOT EXISTS ocpp_messages_landing (
    p UInt16,
    e UInt64,
    i UInt32,
    v UInt64,
    r Array(Tuple(String, Int64, Int64, String, Int16, String, String, String, Nullable(String), Array(String)))
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS ocpp_messages_landed TO ocpp_messages AS
SELECT
    x.1 AS charge_point, x.2 AS connection, fromUnixTimestamp64Micro(x.3, 'UTC') AS received, x.4 AS direction,
    x.5 AS type, x.6 AS action, x.7 AS message_id, x.8 AS raw, x.9 AS answer, x.10 AS deviations,
    p AS partition_no, e AS entry, toUInt32(i + n - 1) AS idx
FROM ocpp_messages_landing ARRAY JOIN r AS x, arrayEnumerate(r) AS n
WHERE throwIf(v NOT IN (SELECT max(version) FROM projection_intents WHERE sink = 'analytics'), 'superseded') = 0;

CREATE TABLE IF NOT EXISTS connector_status_landing (
    p UInt16,
    e UInt64,
    i UInt32,
    v UInt64,
    r Array(Tuple(charge_point String, evse Int32, connector Int32, status String, previous String, error String,
        info String, vendor String, vendor_error String, said Nullable(String), believed Int64, received Int64))
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS connector_status_landed TO connector_status AS
SELECT
    x.1 AS charge_point, x.2 AS evse, x.3 AS connector, x.4 AS status, x.5 AS previous, x.6 AS error, x.7 AS info,
    x.8 AS vendor, x.9 AS vendor_error, x.10 AS said, fromUnixTimestamp64Micro(x.11, 'UTC') AS believed,
    fromUnixTimestamp64Micro(x.12, 'UTC') AS received,
    p AS partition_no, e AS entry, toUInt32(i + n - 1) AS idx
FROM connector_status_landing ARRAY JOIN r AS x, arrayEnumerate(r) AS n
WHERE throwIf(v NOT IN (SELECT max(version) FROM projection_intents WHERE sink = 'analytics'), 'superseded') = 0;

CREATE TABLE IF NOT EXISTS sessions_landing (
    p UInt16,
    e UInt64,
    i UInt32,
    v UInt64,
    r Array(Tuple(charge_point String, session String, evse Int32, connector Int32, transaction String,
        id_token String, stop_id_token String, meter_start_wh Nullable(String), meter_stop_wh Nullable(String),
        energy_wh Nullable(String), started Nullable(Int64), said Nullable(String), believed Int64, received Int64,
        duration_s Nullable(Int64), reason String, doubts Array(String)))
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS sessions_landed TO sessions AS
SELECT
    x.1 AS charge_point, x.2 AS session, x.3 AS evse, x.4 AS connector, x.5 AS transaction, x.6 AS id_token,
    x.7 AS stop_id_token, toDecimal128OrNull(x.8, 9) AS meter_start_wh, toDecimal128OrNull(x.9, 9) AS meter_stop_wh,
    toDecimal128OrNull(x.10, 9) AS energy_wh, fromUnixTimestamp64Micro(x.11, 'UTC') AS started, x.12 AS said,
    fromUnixTimestamp64Micro(x.13, 'UTC') AS stopped, fromUnixTimestamp64Micro(x.14, 'UTC') AS received,
    x.15 AS duration_s, x.16 AS reason, x.17 AS doubts,
    p AS partition_no, e AS entry, toUInt32(i + n - 1) AS idx
FROM sessions_landing ARRAY JOIN r AS x, arrayEnumerate(r) AS n
WHERE throwIf(v NOT IN (SELECT max(version) FROM projection_intents WHERE sink = 'analytics'), 'superseded') = 0;
