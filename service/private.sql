-- Tables that only the service reads.

-- A job's run: what its steps have made so far, and who may write to it (attempt and token are the fence).
create table if not exists runs (
    job_id     varchar(60) primary key,
    attempt    int not null default 1,
    token      varchar(32),
    worker_id  varchar(120),
    start_step varchar(120) not null default 'normalize',
    request    jsonb not null default '{}',
    artefacts  jsonb not null default '{}'
);

create table if not exists workers (
    id           varchar(120) primary key,
    started_at   timestamptz not null default now(),
    heartbeat_at timestamptz not null default now(),
    concurrency  int not null
);

-- Simulation mode and shared circuit breaker of each provider.
create table if not exists providers (
    name          varchar(40) primary key,
    kind          varchar(20) not null,
    mode          varchar(20) not null default 'ok',
    breaker       varchar(20) not null default 'closed',
    failures      int not null default 0,
    trial_success int not null default 0,
    opened_at     timestamptz
);

-- A temporary value rules until expires_at; after it the permanent value rules again.
create table if not exists guardrails (
    name            varchar(60) primary key,
    value           numeric not null,
    temporary_value numeric,
    expires_at      timestamptz,
    check ((temporary_value is null) = (expires_at is null))
);

create table if not exists guardrail_history (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default now(),
    name       varchar(60) not null,
    old_value  numeric not null,
    new_value  numeric not null,
    expires_at timestamptz,
    actor      varchar(120) not null,
    reason     text not null,
    request_id varchar(128)
);
-- tables made before the column was
alter table guardrail_history add column if not exists request_id varchar(128);

-- Single facts: the intake switch, the monitor's last run.
create table if not exists state (
    name  varchar(60) primary key,
    value jsonb not null default '{}',
    at    timestamptz not null default now()
);

create table if not exists idempotent_answers (
    key     varchar(200) primary key,
    request varchar(64) not null,
    status  int not null,
    body    jsonb not null,
    headers jsonb not null,
    at      timestamptz not null default now()
);
create index if not exists ix_idempotent_answers_at on idempotent_answers (at);
