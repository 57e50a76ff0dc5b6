"""Networks, stations, charge points and connectors as an operator describes them: in SQL, and read from memory."""
