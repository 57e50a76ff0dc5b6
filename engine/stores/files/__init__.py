"""File exchange with stations: firmware images that they fetch, logs and diagnostics that they bring.

`port.py` has the bytes, `catalogue.py` what is known of them, `exchange.py` the rules of the links between.
"""
