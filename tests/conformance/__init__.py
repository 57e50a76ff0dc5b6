"""The conformance suite: every CSMS case of the OCA's test documents for 1.6 and 2.0.1, against one running system.

Run it with `make conformance`, or one case with `python -m tests.conformance --only TC_003_CSMS` (`--help` for more).

How to write a case
-------------------
A case is an async function in any module of `ocpp16/` or `ocpp201/` (all of them are found by themselves):

    @case("TC_013_CSMS", sample=True)              # sample: `make test` runs it, too; one or two a module are enough
    async def hard_reset(bench: Bench) -> None:
        '''Says in our own words what is validated.'''
        station = await bench.station16()          # or station201(), or station() for anything unusual
        await station.boot()
        reset = await bench.commanded(station, "Reset", {"type": "Hard"}, answer={"status": "Accepted"})
        holds(reset.request, {"type": "Hard"}, "Reset.req")
        await station.reconnect()
        await station.boot()

- `bench` is fresh for each case: a charge point (`bench.identity`), a token (`bench.valid`), more by `bench.token()`.
- `station.call(action, payload)` gives the CSMS's answer, `station.expect(action, answer=…)` waits for its CALL.
  Both ways every payload is held against the `ocpp` package's schema. A CALL that nobody expects fails the case, unless
  `station.answers[action]` has an answer for it.
- `bench.commanded(…)` sends through the raw-command endpoint; `bench.operated(…)` through a typed one. Both return what
  the station was asked and how the command ended. `bench.send(…)` and `bench.ask(…)` are their halves, as tasks.
- TLS: `bench.register("C", security_profile=3)`, `pki.client(bench.system.tls.stations_root, identity)`, and a station
  with `tls=bench.system.tls.context(…)`; `tls_material.py` says what the gateway has.
- `holds(payload, {"idTagInfo.status": "Accepted"})` compares fields by path; see `verdict.py`.
- `bench.session(…)`, `bench.live()`, `bench.connector()`, `bench.reached(…)` and `bench.until(…)` are what
  operators see. `bench.system.clickhouse(sql)` asks as an analyst.
- Energy costs something (`price.py`). A 2.x station answers CostUpdated by itself; `del station.answers["CostUpdated"]`
  in a case that is about it. `ocpp201/readings.py` compares the meter values that are kept.
- Nothing sleeps: everything waits for a condition, with a deadline, and says what came instead.
- A case that cannot be built: `not_built("TC_…", "why")` at module level.
- Afterwards: `python -m tests.conformance.document docs/conformance.md`.
"""
