-- The schema of version 1, as it was: forecasts without the distributions of their months.
CREATE TABLE observations (
    digest VARCHAR(64) NOT NULL,
    first VARCHAR(7) NOT NULL,
    last VARCHAR(7) NOT NULL,
    n INTEGER NOT NULL,
    counts BYTEA NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (digest)
);
CREATE TABLE runs (
    id BIGSERIAL NOT NULL,
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
    id BIGSERIAL NOT NULL,
    run BIGINT NOT NULL,
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
    quantiles BYTEA NOT NULL,
    paths BYTEA NOT NULL,
    mean BYTEA NOT NULL,
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
    run BIGINT NOT NULL,
    finished VARCHAR(32) NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (run),
    FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE vintages (
    id BIGSERIAL NOT NULL,
    series TEXT NOT NULL,
    as_of VARCHAR(10) NOT NULL,
    known VARCHAR(10) NOT NULL,
    digest VARCHAR(64) NOT NULL,
    run BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (series, as_of, digest),
    FOREIGN KEY(digest) REFERENCES observations (digest),
    FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE scores (
    forecast BIGINT NOT NULL,
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
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the archive is append-only'; END $$;
CREATE TRIGGER runs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON runs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER run_ends_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON run_ends FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER observations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON observations FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER vintages_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON vintages FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER forecasts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON forecasts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER scores_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON scores FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
