from __future__ import annotations

from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

READS = [
    "SELECT count() FROM plain",
    "/* of the day */ select count() from plain where s = 'file(1)' -- url('x')",
    "WITH x AS (SELECT a FROM plain) SELECT * FROM x UNION ALL SELECT 1;",
    "SELECT number FROM numbers(3)",
    "SELECT * FROM generateSeries(1, 3)",
    "SELECT * FROM values('a Int8', 1, 2)",
    "SELECT format('{} {}', 'a', 'b') FROM view(SELECT 1)",
    "SELECT $$file('/etc/passwd')$$",
    "SHOW TABLES",
    "SHOW CREATE TABLE plain",
    "DESCRIBE TABLE plain",
    "DESCRIBE (SELECT 1 AS x)",
    "EXISTS TABLE plain",
    "EXPLAIN SELECT * FROM plain",
    "SELECT * APPLY count FROM plain",
    "SELECT name FROM system.tables WHERE database = currentDatabase()",
    "SELECT 1 FORMAT JSON",
]


@pytest.mark.parametrize("sql", READS)
def test_a_reader_may_read(reader: Client, sql: str) -> None:
    assert reader.raw_query(sql)


FILES = [
    "SELECT file('{secret}')",
    "SELECT FILE('{secret}')",
    "SELECT `file`('{secret}')",
    "SELECT \"file\"('{secret}')",
    "SELECT `f\\x69le`('{secret}')",
    "SELECT/**/file/**/(/**/'{secret}'/**/)",
    "SELECT -- '\nfile('{secret}') -- '",
    "SELECT 1 WHERE file('{secret}') != ''",
    "SELECT * FROM file('{secret}')",
    "SELECT * FROM FILE('{secret}', 'CSV')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM `{secret}`",
    "SELECT * FROM default.`{secret}`",
    "SELECT * FROM (SELECT * FROM (SELECT file('{secret}')))",
    "SELECT (SELECT file('{secret}'))",
    "WITH (SELECT file('{secret}')) AS x SELECT x",
    "WITH x AS (SELECT * FROM file('{secret}')) SELECT * FROM x",
    "SELECT * FROM view(SELECT * FROM file('{secret}'))",
    "SELECT * FROM viewIfPermitted(SELECT file('{secret}') AS x ELSE null('x String'))",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT file('{secret}')))",
    "SELECT * FROM (EXPLAIN SELECT file('{secret}'))",
    "SELECT * FROM loop(file('{secret}'))",
    "SELECT arrayMap(x -> file(x), ['{secret}'])",
    "SELECT 1 AS x ORDER BY file('{secret}')",
    "SELECT 1 LIMIT length(file('{secret}'))",
    "SELECT 1 UNION ALL SELECT length(file('{secret}'))",
    "SELECT * APPLY(x -> file(x)) FROM values('a String', '{secret}')",
    "SELECT * APPLY file FROM values('a String', '{secret}')",
    "SELECT * APPLY(file) FROM values('a String', '{secret}')",
    "SELECT arrayMap(file, ['{secret}'])",
    "SELECT COLUMNS('a') APPLY file FROM values('a String', '{secret}')",
    "SELECT a.* APPLY file FROM values('a String', '{secret}') AS a",
    "EXPLAIN SELECT file('{secret}')",
    "EXPLAIN SYNTAX SELECT file('{secret}')",
    "EXPLAIN QUERY TREE SELECT file('{secret}')",
    "DESCRIBE file('{secret}')",
    "DESCRIBE TABLE '{secret}'",
    "DESCRIBE `{secret}`",
    "DESCRIBE (SELECT * FROM file('{secret}'))",
    "EXISTS TABLE `{secret}`",
    "SELECT 1 IN file('{secret}')",
    "SELECT 1 IN `{secret}`",
    "SELECT * FROM merge('default', '.*secret.*')",
    "SELECT * FROM filesystem('{folder}')",
    "SELECT * FROM fileCluster('default', '{secret}')",
    "SELECT * FROM sqlite('{secret}', 'x')",
    "SELECT * FROM Python(os)",
    "FROM file('{secret}') SELECT *",
    "SELECT quantile(length(file('{secret}')))(1)",
    "SELECT sum(1) OVER (ROWS BETWEEN length(file('{secret}')) PRECEDING AND CURRENT ROW)",
    "SELECT 1 AS x ORDER BY x WITH FILL FROM length(file('{secret}'))",
    "SELECT 1 QUALIFY file('{secret}') != ''",
    "SELECT 1 FORMAT CSV SETTINGS format_schema = '{secret}'",
]


@pytest.mark.parametrize("sql", FILES)
def test_a_reader_gets_no_file(reader: Client, tmp_path: Path, sql: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("SECRET1,SECRET2\n1,2\n")
    with pytest.raises(DatabaseError) as refused:
        reader.raw_query(sql.format(secret=secret, folder=tmp_path))
    assert "SECRET" not in str(refused.value)


REFUSED = [
    "INSERT INTO plain VALUES (1, 'x')",
    "INSERT INTO FUNCTION file('/tmp/never') SELECT 1",
    "CREATE TABLE other (a Int8) ENGINE = Memory",
    "CREATE TABLE other ENGINE = Memory AS SELECT 1",
    "CREATE TEMPORARY TABLE other (a Int8)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE FUNCTION f AS x -> x",
    "ALTER TABLE plain DELETE WHERE 1",
    "DROP TABLE plain",
    "TRUNCATE TABLE plain",
    "OPTIMIZE TABLE plain FINAL",
    "ATTACH TABLE plain",
    "DETACH TABLE plain",
    "SYSTEM FLUSH LOGS",
    "KILL QUERY WHERE 1",
    "SET readonly = 0",
    "USE system",
    "SELECT 1; DROP TABLE plain",
    "SELECT 1; SELECT 2",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS max_memory_usage = 0",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT 1 INTO OUTFILE '/tmp/never'",
    "BACKUP DATABASE default TO File('/tmp/never')",
    "GRANT ALL ON *.* TO default",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "DESCRIBE url('http://127.0.0.1:1/')",
    "DESCRIBE s3('http://127.0.0.1:1/bucket/x.csv')",
    "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
    "SELECT * FROM cluster('default', 'system.one')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM executable('id', 'TSV', 'x String')",
    "SELECT * FROM input('a Int8')",
    "SELECT aiGenerate('x', 'y')",
    "EXPLAIN INSERT INTO plain VALUES (1, 'x')",
    "SELEC 1",
    "",
]


@pytest.mark.parametrize("sql", [sql for sql in REFUSED if sql])
def test_a_reader_changes_nothing_and_reaches_nothing(reader: Client, sql: str) -> None:
    with pytest.raises(DatabaseError):
        reader.raw_query(sql)
    assert not Path("/tmp/never").exists()


def test_a_readers_parameter_is_no_way_around(reader: Client, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("SECRET1,SECRET2\n")
    for sql in ("DESCRIBE {x:Identifier}", "SELECT * FROM {x:Identifier}"):
        with pytest.raises(DatabaseError):
            reader.raw_query(sql, parameters={"x": str(secret)})
    with pytest.raises(DatabaseError):
        reader.raw_query("SELECT {x:Identifier}('/etc/hostname')", parameters={"x": "file"})
