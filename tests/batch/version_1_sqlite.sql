-- The schema of version 1, as it was: forecasts without the distributions of their months.
CREATE TABLE observations (
    digest VARCHAR(64) NOT NULL,
    first VARCHAR(7) NOT NULL,
    last VARCHAR(7) NOT NULL,
    n INTEGER NOT NULL,
    counts BLOB NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (digest)
);
CREATE TABLE runs (
    id INTEGER NOT NULL,
    config_digest TEXT NOT NULL,
    started VARCHAR(32) NOT NULL,
    config TEXT NOT NULL,
    versions TEXT NOT NULL,
    seed TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE schema_versions (
    version INTEGER NOT NULL,
    applied VARCHAR(32) NOT NULL,
    PRIMARY KEY (version)
);
CREATE TABLE forecasts (
    id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    job VARCHAR(32) NOT NULL,
    series TEXT NOT NULL,
    model TEXT NOT NULL,
    origin VARCHAR(7) NOT NULL,
    vintage VARCHAR(64) NOT NULL,
    specification TEXT NOT NULL,
    horizon INTEGER NOT NULL,
    seed TEXT NOT NULL,
    status VARCHAR(6) NOT NULL,
    months TEXT NOT NULL,
    levels TEXT NOT NULL,
    quantiles BLOB NOT NULL,
    paths BLOB NOT NULL,
    mean BLOB NOT NULL,
    messages TEXT NOT NULL,
    error TEXT,
    cpu FLOAT NOT NULL,
    content VARCHAR(32) NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (job, content),
    FOREIGN KEY(run) REFERENCES runs (id),
    FOREIGN KEY(vintage) REFERENCES observations (digest)
);
CREATE INDEX forecasts_by_series ON forecasts (series, model, origin);
CREATE UNIQUE INDEX forecasts_done_once ON forecasts (job) WHERE status = 'done';
CREATE TABLE run_ends (
    run INTEGER NOT NULL,
    finished VARCHAR(32) NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (run),
    FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE vintages (
    id INTEGER NOT NULL,
    series TEXT NOT NULL,
    as_of VARCHAR(10) NOT NULL,
    known VARCHAR(10) NOT NULL,
    digest VARCHAR(64) NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (series, as_of, digest),
    FOREIGN KEY(digest) REFERENCES observations (digest),
    FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE scores (
    forecast INTEGER NOT NULL,
    month VARCHAR(7) NOT NULL,
    y BIGINT NOT NULL,
    log_score FLOAT,
    rps FLOAT,
    dss FLOAT,
    crps FLOAT,
    absolute_error FLOAT,
    interval_score_50 FLOAT,
    interval_score_80 FLOAT,
    interval_score_95 FLOAT,
    cover_50 FLOAT,
    cover_80 FLOAT,
    cover_95 FLOAT,
    pit_lower FLOAT,
    pit_upper FLOAT,
    PRIMARY KEY (forecast, month, y),
    FOREIGN KEY(forecast) REFERENCES forecasts (id)
);
CREATE TRIGGER runs_no_UPDATE BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER runs_no_DELETE BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER run_ends_no_UPDATE BEFORE UPDATE ON run_ends BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER run_ends_no_DELETE BEFORE DELETE ON run_ends BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER observations_no_UPDATE BEFORE UPDATE ON observations BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER observations_no_DELETE BEFORE DELETE ON observations BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER vintages_no_UPDATE BEFORE UPDATE ON vintages BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER vintages_no_DELETE BEFORE DELETE ON vintages BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER forecasts_no_UPDATE BEFORE UPDATE ON forecasts BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER forecasts_no_DELETE BEFORE DELETE ON forecasts BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER scores_no_UPDATE BEFORE UPDATE ON scores BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
CREATE TRIGGER scores_no_DELETE BEFORE DELETE ON scores BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;
