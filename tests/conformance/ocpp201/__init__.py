"""The cases of OCPP 2.0.1, one module a block or part of one (`a_security.py`, `b_provisioning.py` …)."""
