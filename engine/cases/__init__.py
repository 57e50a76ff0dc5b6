"""Support cases: a driver asks from a session or a charger's page, support answers with everything linked beside it."""
