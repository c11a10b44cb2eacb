-- What the service shares with its console. Tables that only the service reads are in private.sql.
-- jobs keeps naive UTC timestamps, as the deployments in the field do; the newer tables are timestamptz.

create table if not exists jobs (
    id                varchar(60) primary key,
    status            varchar(20) not null,
    progress          int not null default 0,
    current_step      varchar(120) not null default 'queued',
    error_code        varchar(60),
    error_message     varchar(300),
    retry_count       int not null default 0,
    last_retry_at     timestamp,
    idempotency_key   varchar(120),
    profile_id        varchar(80),
    moderation_input  json,
    moderation_output json,
    trace_id          varchar(32),
    user_key          varchar(80) not null,
    created_at        timestamp not null default (now() at time zone 'utc'),
    updated_at        timestamp not null default (now() at time zone 'utc')
);
create index if not exists ix_jobs_status_created on jobs (status, created_at);
create index if not exists ix_jobs_user_profile_created on jobs (user_key, profile_id, created_at);
create unique index if not exists ux_jobs_user_idempotency on jobs (user_key, idempotency_key)
    where idempotency_key is not null;

create table if not exists cost_events (
    event_id    text primary key,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    job_id      varchar(60),
    attempt     int not null,
    user_key    varchar(80),
    provider    varchar(40) not null,
    kind        varchar(20) not null check (kind in ('llm', 'image', 'tts', 'storage')),
    model       varchar(80) not null,
    step        varchar(120) not null,
    outcome     varchar(20) not null check (outcome in ('succeeded', 'failed')),
    units       numeric not null,
    cost_usd    numeric(18, 9)
);
create index if not exists ix_cost_events_occurred on cost_events (occurred_at);
create index if not exists ix_cost_events_job on cost_events (job_id, attempt);

create table if not exists quality_checks (
    id         bigint generated always as identity primary key,
    job_id     varchar(60) not null,
    checked_at timestamptz not null default now(),
    "check"    varchar(40) not null,
    score      numeric(4, 3) not null check (score between 0 and 1),
    passed     boolean not null,
    detail     text
);
create index if not exists ix_quality_checks_job on quality_checks (job_id);

create table if not exists job_events (
    id      bigint generated always as identity primary key,
    job_id  varchar(60) not null,
    attempt int not null,
    at      timestamptz not null default now(),
    event   varchar(20) not null,
    detail  json not null default '{}',
    actor   varchar(120)
);
create index if not exists ix_job_events_job on job_events (job_id, at);
create index if not exists ix_job_events_at on job_events (at);

-- Requests that a guardrail refused: they leave no job. One row an hour (UTC), user and guardrail, however many there were.
create table if not exists guardrail_rejections (
    hour      timestamptz not null,
    user_key  varchar(80) not null,
    guardrail varchar(60) not null,
    requests  int not null check (requests > 0),
    last_at   timestamptz not null,
    primary key (hour, user_key, guardrail)
);
create index if not exists ix_guardrail_rejections_user on guardrail_rejections (user_key, hour);
