#!/bin/sh
# The console's roles, made by the statements of docs/operating.md themselves, so that there is no second list.
#   roles.sh roles   as the superuser, after the service's tables are there: the three roles, what each may do
#   roles.sh grants  as ops_owner, after the console's migrations: what ops_writer may do with their tables
# Both may run again: roles and schema that are there stay, and what is new in the document is granted.
set -eu
secrets=${SECRETS:-/run/secrets}
document=${DOCUMENT:-/docs/operating.md}

statements() { # statements N: the Nth block of SQL in the section on roles
    awk -v wanted="$1" '
        /^## /    { section = ($0 == "## Database roles") }
        /^```/    { block = 0 }
        block && count == wanted
        section && /^```sql$/ { block = 1; count++ }
    ' "$document"
}

run() { # run ROLE SECRET: what comes in, all of it or nothing
    PGPASSWORD=$(cat "$secrets/$2-password") psql --username="$1" --no-psqlrc --quiet --single-transaction \
        --set=ON_ERROR_STOP=1 --file=-
}

made() {
    PGPASSWORD=$(cat "$secrets/postgres-password") psql --username=postgres --no-psqlrc --quiet --tuples-only \
        --no-align --command="select 1 from pg_roles where rolname = 'ops_owner'"
}

passwords() { # in the same transaction, so that the document's own never hold
    for role in reader owner writer; do
        printf '\\set password `cat "%s/%s-password"`\n' "$secrets" "$role"
        printf "alter role ops_%s password :'password';\n" "$role"
    done
}

case "${1:?roles or grants}" in
    roles)
        leaving='^$'
        [ -z "$(made)" ] || leaving='^create '
        { statements 1; statements 2; passwords; } | grep -v "$leaving" | run postgres postgres
        ;;
    grants)
        statements 3 | run ops_owner owner
        ;;
    *)
        echo "roles or grants?" >&2
        exit 2
        ;;
esac
