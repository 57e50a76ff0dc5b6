"""The cases of OCPP 1.6, one module a feature block."""
