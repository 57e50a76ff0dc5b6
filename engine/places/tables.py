"""Stations, charge points and connectors as a table: engine/bulk/table.py says how one is written."""

from __future__ import annotations

from engine.bulk.table import Table
from engine.bulk.table import json_line as json_line
from engine.bulk.table import read_json as read_json
from engine.places.columns import COLUMNS

HEADER = tuple(column.name for column in COLUMNS)
PLACES = Table(HEADER, "station", frozenset(column.name for column in COLUMNS if column.numeric))
read_csv, csv_lines = PLACES.read_csv, PLACES.csv_lines
