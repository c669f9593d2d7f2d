BEGIN TRANSACTION;
CREATE TABLE audit (
	number INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	who TEXT NOT NULL, 
	action TEXT NOT NULL, 
	detail JSON NOT NULL, 
	PRIMARY KEY (number)
);
CREATE TABLE doomed_blobs (
	name VARCHAR(256) NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE facts (
	name VARCHAR(64) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "facts" VALUES('schema_version','1');
CREATE TABLE jobs (
	job_id VARCHAR(64) NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	org_id VARCHAR(64) NOT NULL, 
	key_id VARCHAR(64), 
	tier TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	request JSON NOT NULL, 
	images INTEGER NOT NULL, 
	seed BIGINT NOT NULL, 
	created_at FLOAT NOT NULL, 
	started_at FLOAT, 
	finished_at FLOAT, 
	error_code TEXT, 
	error_message TEXT, 
	request_id TEXT, 
	source_blob TEXT, 
	mask_blob TEXT, 
	has_files BOOLEAN NOT NULL, 
	PRIMARY KEY (job_id)
);
INSERT INTO "jobs" VALUES('job_done','user_1','org_1','key_1','free','generation','succeeded','{"prompt": "a boat", "n": 2, "model": "smalti-mini"}',2,7,1001.0,NULL,2000.0,NULL,NULL,'',NULL,NULL,1);
INSERT INTO "jobs" VALUES('job_waiting','user_1','org_1',NULL,'free','generation','queued','{"prompt": "a tree", "n": 1, "model": "smalti-mini"}',1,7,1002.0,NULL,NULL,NULL,NULL,'',NULL,NULL,1);
INSERT INTO "jobs" VALUES('job_cancelled','user_1','org_1','key_1','free','generation','cancelled','{"prompt": "a boat", "n": 3}',3,7,1003.0,NULL,1500.0,NULL,NULL,'',NULL,NULL,1);
CREATE TABLE keys (
	key_id VARCHAR(64) NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	prefix TEXT NOT NULL, 
	secret_hash VARCHAR(64) NOT NULL, 
	scopes TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	expires_at FLOAT, 
	revoked_at FLOAT, 
	PRIMARY KEY (key_id), 
	FOREIGN KEY(user_id) REFERENCES users (user_id), 
	UNIQUE (secret_hash)
);
CREATE TABLE organisations (
	org_id VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	PRIMARY KEY (org_id), 
	UNIQUE (name)
);
INSERT INTO "organisations" VALUES('org_1','Mosaic',1000.0);
CREATE TABLE picture_rows (
	job_id VARCHAR(64) NOT NULL, 
	picture INTEGER NOT NULL, 
	"row" INTEGER NOT NULL, 
	codes BLOB NOT NULL, 
	PRIMARY KEY (job_id, picture, "row"), 
	FOREIGN KEY(job_id, picture) REFERENCES pictures (job_id, picture) ON DELETE CASCADE
);
CREATE TABLE pictures (
	job_id VARCHAR(64) NOT NULL, 
	picture INTEGER NOT NULL, 
	seed BIGINT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	rows INTEGER NOT NULL, 
	columns INTEGER NOT NULL, 
	layout JSON, 
	blob TEXT, 
	format TEXT, 
	width INTEGER, 
	height INTEGER, 
	bytes BIGINT, 
	device_s FLOAT NOT NULL, 
	attempts INTEGER NOT NULL, 
	PRIMARY KEY (job_id, picture), 
	FOREIGN KEY(job_id) REFERENCES jobs (job_id) ON DELETE CASCADE
);
INSERT INTO "pictures" VALUES('job_done',0,7,'drawn',0,4,NULL,'job_done/0.png','png',64,48,999,1.5,0);
INSERT INTO "pictures" VALUES('job_done',1,8,'drawn',0,4,NULL,'job_done/1.png','png',64,48,999,1.5,0);
INSERT INTO "pictures" VALUES('job_waiting',0,7,'waiting',0,4,NULL,NULL,NULL,NULL,NULL,NULL,0.0,0);
INSERT INTO "pictures" VALUES('job_cancelled',0,7,'drawn',0,4,NULL,'job_cancelled/0.png','png',64,48,999,1.5,0);
INSERT INTO "pictures" VALUES('job_cancelled',1,8,'cancelled',0,4,NULL,NULL,NULL,NULL,NULL,NULL,0.0,0);
INSERT INTO "pictures" VALUES('job_cancelled',2,9,'cancelled',0,4,NULL,NULL,NULL,NULL,NULL,NULL,0.0,0);
CREATE TABLE reservations (
	job_id VARCHAR(64) NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	tier TEXT NOT NULL, 
	images INTEGER NOT NULL, 
	refunded INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	PRIMARY KEY (job_id)
);
INSERT INTO "reservations" VALUES('job_done','user_1','free',2,0,1001.0,'settled');
INSERT INTO "reservations" VALUES('job_waiting','user_1','free',1,0,1002.0,'held');
INSERT INTO "reservations" VALUES('job_cancelled','user_1','free',3,2,1003.0,'settled');
INSERT INTO "reservations" VALUES('job_forgotten','user_1','free',1,0,999.0,'settled');
CREATE TABLE users (
	user_id VARCHAR(64) NOT NULL, 
	org_id VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	tier TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	disabled_at FLOAT, 
	PRIMARY KEY (user_id), 
	UNIQUE (org_id, name), 
	FOREIGN KEY(org_id) REFERENCES organisations (org_id)
);
INSERT INTO "users" VALUES('user_1','org_1','ada','free',1000.0,NULL);
CREATE INDEX jobs_in_state ON jobs (state);
CREATE INDEX jobs_of_user ON jobs (user_id, created_at, job_id);
CREATE INDEX jobs_with_files ON jobs (has_files, finished_at);
CREATE INDEX ix_reservations_at ON reservations (at);
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_keys_user_id ON keys (user_id);
COMMIT;
