"""Networks, stations, connectors, the inbox, import and export, and where drivers can charge."""
