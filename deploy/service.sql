-- As the superuser, once, when the cluster is made: the service's role, which owns its database and nothing else.
\set password `cat "${SECRETS:-/run/secrets}/service-password"`
create role bookgen login password :'password';
alter database books owner to bookgen;
