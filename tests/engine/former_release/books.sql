BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE charge_points (
	id TEXT NOT NULL, 
	folded TEXT NOT NULL, 
	station_id TEXT NOT NULL, 
	name TEXT DEFAULT '' NOT NULL, 
	isolation TEXT DEFAULT 'shared' NOT NULL, 
	auth TEXT DEFAULT 'none' NOT NULL, 
	secret_hash TEXT, 
	secret_version INTEGER DEFAULT '0' NOT NULL, 
	enabled BOOLEAN DEFAULT 1 NOT NULL, 
	created BIGINT NOT NULL, 
	updated BIGINT NOT NULL, 
	retired BIGINT, 
	vendor TEXT DEFAULT '' NOT NULL, 
	model TEXT DEFAULT '' NOT NULL, 
	serial TEXT DEFAULT '' NOT NULL, 
	firmware TEXT DEFAULT '' NOT NULL, 
	iccid TEXT DEFAULT '' NOT NULL, 
	imsi TEXT DEFAULT '' NOT NULL, 
	meter_type TEXT DEFAULT '' NOT NULL, 
	meter_serial TEXT DEFAULT '' NOT NULL, 
	boot_reason TEXT DEFAULT '' NOT NULL, 
	boot_status TEXT DEFAULT '' NOT NULL, 
	booted BIGINT, 
	CONSTRAINT pk_charge_points PRIMARY KEY (id), 
	CONSTRAINT fk_charge_points_station_id_stations FOREIGN KEY(station_id) REFERENCES stations (id), 
	CONSTRAINT uq_charge_points_folded UNIQUE (folded)
);
INSERT INTO "charge_points" VALUES('CP-1','cp-1','default','','shared','basic','argon',1,1,1,1,NULL,'V','M','S-1','1.0','','','','','','Accepted',1767225600000000);
INSERT INTO "charge_points" VALUES('CP-2','cp-2','default','','shared','none',NULL,0,1,1,1,NULL,'','','','','','','','','','',NULL);
CREATE TABLE commands (
	id TEXT NOT NULL, 
	charge_point TEXT NOT NULL, 
	action TEXT NOT NULL, 
	state TEXT NOT NULL, 
	outcome TEXT DEFAULT '' NOT NULL, 
	requested_by TEXT DEFAULT '' NOT NULL, 
	requested BIGINT, 
	sent BIGINT, 
	ended BIGINT, 
	deadline BIGINT, 
	payload JSON, 
	answer JSON, 
	error_code TEXT DEFAULT '' NOT NULL, 
	error_description TEXT DEFAULT '' NOT NULL, 
	updated BIGINT NOT NULL, 
	CONSTRAINT pk_commands PRIMARY KEY (id)
);
INSERT INTO "commands" VALUES('read','CP-1','GetConfiguration','ended','Accepted','',1767225620000000,1767225620000000,1767225620000000,1767225740000000,'{}','{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"300"},{"key":"NumberOfConnectors","readonly":true,"value":"2"}]}','','',1767225620000000);
CREATE TABLE connectors (
	charge_point TEXT NOT NULL, 
	evse INTEGER NOT NULL, 
	connector INTEGER NOT NULL, 
	status TEXT DEFAULT '' NOT NULL, 
	error TEXT DEFAULT '' NOT NULL, 
	info TEXT DEFAULT '' NOT NULL, 
	vendor TEXT DEFAULT '' NOT NULL, 
	vendor_error TEXT DEFAULT '' NOT NULL, 
	said TEXT, 
	believed BIGINT, 
	received BIGINT, 
	CONSTRAINT pk_connectors PRIMARY KEY (charge_point, evse, connector)
);
CREATE TABLE credential_proofs (
	charge_point TEXT NOT NULL, 
	key_id TEXT NOT NULL, 
	secret_version INTEGER NOT NULL, 
	proof BLOB NOT NULL, 
	CONSTRAINT pk_credential_proofs PRIMARY KEY (charge_point, key_id), 
	CONSTRAINT fk_credential_proofs_charge_point_charge_points FOREIGN KEY(charge_point) REFERENCES charge_points (id) ON DELETE CASCADE
);
INSERT INTO "credential_proofs" VALUES('CP-1','key',1,X'70726F6F66');
CREATE TABLE dead_letters (
	projection TEXT NOT NULL, 
	partition INTEGER NOT NULL, 
	entry BIGINT NOT NULL, 
	channel TEXT NOT NULL, 
	"index" INTEGER NOT NULL, 
	"row" TEXT NOT NULL, 
	error TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_dead_letters PRIMARY KEY (projection, partition, entry, channel, "index")
);
CREATE TABLE networks (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created BIGINT NOT NULL, 
	CONSTRAINT pk_networks PRIMARY KEY (id)
);
INSERT INTO "networks" VALUES('default','Default network',1795689272573646);
CREATE TABLE positions (
	projection TEXT NOT NULL, 
	partition INTEGER NOT NULL, 
	position BIGINT NOT NULL, 
	CONSTRAINT pk_positions PRIMARY KEY (projection, partition)
);
INSERT INTO "positions" VALUES('ledger',0,12);
CREATE TABLE sessions (
	id TEXT NOT NULL, 
	charge_point TEXT NOT NULL, 
	evse INTEGER DEFAULT '0' NOT NULL, 
	connector INTEGER DEFAULT '0' NOT NULL, 
	transaction_id TEXT DEFAULT '' NOT NULL, 
	id_token TEXT DEFAULT '' NOT NULL, 
	stop_id_token TEXT DEFAULT '' NOT NULL, 
	authorisation TEXT DEFAULT '' NOT NULL, 
	command TEXT DEFAULT '' NOT NULL, 
	state TEXT NOT NULL, 
	started BIGINT, 
	stopped BIGINT, 
	started_said TEXT, 
	stopped_said TEXT, 
	meter_start_wh TEXT, 
	meter_stop_wh TEXT, 
	energy_wh TEXT, 
	duration_s BIGINT, 
	reason TEXT DEFAULT '' NOT NULL, 
	doubts JSON DEFAULT '[]' NOT NULL, 
	updated BIGINT NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (id)
);
INSERT INTO "sessions" VALUES('session-101','CP-1',0,0,'-1','','','','','stopped',1767225600000000,1767225600000000,'1767225600000000','1767225600000000',NULL,'5',NULL,NULL,'Local','["unknown_transaction"]',1767225600000000);
INSERT INTO "sessions" VALUES('session-102','CP-1',2,1,'102','CARD','','Accepted','','stopped',1767225600000000,1767225620000000,'1767225600000000','1767225620000000','1000','1200','200',20,'Local','[]',1767225620000000);
INSERT INTO "sessions" VALUES('session-104','CP-1',1,1,'104','RUNS','','Accepted','','started',1767225740000000,NULL,'1767225740000000',NULL,'2000',NULL,NULL,NULL,'','[]',1767225740000000);
CREATE TABLE stations (
	id TEXT NOT NULL, 
	network_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created BIGINT NOT NULL, 
	CONSTRAINT pk_stations PRIMARY KEY (id), 
	CONSTRAINT fk_stations_network_id_networks FOREIGN KEY(network_id) REFERENCES networks (id)
);
INSERT INTO "stations" VALUES('default','default','Default station',1795689272573646);
CREATE TABLE tokens (
	folded TEXT NOT NULL, 
	id_token TEXT NOT NULL, 
	kind TEXT DEFAULT 'RFID' NOT NULL, 
	status TEXT DEFAULT 'Accepted' NOT NULL, 
	expires BIGINT, 
	group_id TEXT DEFAULT '' NOT NULL, 
	note TEXT DEFAULT '' NOT NULL, 
	created BIGINT NOT NULL, 
	updated BIGINT NOT NULL, 
	CONSTRAINT pk_tokens PRIMARY KEY (folded)
);
CREATE TABLE users (
	id TEXT NOT NULL, 
	email TEXT NOT NULL, 
	password_hash TEXT NOT NULL, 
	role TEXT NOT NULL, 
	disabled BOOLEAN DEFAULT 0 NOT NULL, 
	created BIGINT NOT NULL, 
	updated BIGINT NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT uq_users_email UNIQUE (email)
);
CREATE INDEX ix_stations_network_id ON stations (network_id);
CREATE INDEX ix_charge_points_station_id ON charge_points (station_id);
CREATE INDEX ix_commands_charge_point_requested ON commands (charge_point, requested);
CREATE INDEX ix_sessions_charge_point_started ON sessions (charge_point, started);
CREATE INDEX ix_sessions_id_token ON sessions (id_token);
CREATE INDEX ix_sessions_started ON sessions (started);
COMMIT;
