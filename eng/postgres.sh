#!/usr/bin/env bash
# A PostgreSQL server of one's own for tests, on the loopback address alone:
#   eng/postgres.sh install               installs the server where root runs and it is missing
#   eng/postgres.sh start DIR PORT        makes a data folder DIR, starts the server, prints a connection string
#   eng/postgres.sh stop DIR              stops it and removes DIR
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/eng/common.sh"

usage() { die "usage: eng/postgres.sh install | start DIR PORT | stop DIR" 2; }

binaries() {
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$found" ] || found=$(dirname -- "$(command -v initdb || echo /missing/initdb)")
  [ -x "$found/initdb" ] && echo "$found"
}

install_server() {
  binaries >/dev/null && return
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "PostgreSQL is not installed; install it with: apt-get install postgresql"
  fi
  say "installing PostgreSQL"
  local log
  log=$(mktemp)
  # No cluster of the distribution's: tests start servers of their own.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  if ! { DEBIAN_FRONTEND=noninteractive apt-get install -y postgresql || { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y postgresql; }; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "PostgreSQL could not be installed: see above"
  fi
  rm -f "$log"
}

# The server refuses to run as root.
as_server() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && setpriv --reuid postgres --regid postgres --init-groups "$@")
  else
    "$@"
  fi
}

start_server() {
  local dir=$1 port=$2 bin password log
  bin=$(binaries) || die "PostgreSQL is not installed; install it with: apt-get install postgresql (or eng/postgres.sh install as root)"
  [ ! -e "$dir/data" ] || die "$dir: holds a server already; stop it with: eng/postgres.sh stop $dir"
  umask 077
  mkdir -p "$dir"
  chmod 700 "$dir"
  [ "$(id -u)" != 0 ] || chown postgres: "$dir"
  log=$(mktemp)
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s\n' "$password" | as_server tee "$dir/password" >/dev/null
  # Its sockets stay out of the way; fsync is pointless for a server that lives for one test.
  if ! { as_server "$bin/initdb" -D "$dir/data" -U moe --auth=scram-sha-256 --pwfile="$dir/password" -E UTF8 --no-sync &&
    as_server "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 30 \
      -o "-c listen_addresses=127.0.0.1 -p $port -c unix_socket_directories= -c fsync=off" start; } >"$log" 2>&1 </dev/null; then
    cat "$log" "$dir/server.log" >&2 2>/dev/null || true
    rm -f "$log"
    stop_server "$dir"
    die "$dir: PostgreSQL did not start on port $port: see above"
  fi
  rm -f "$log"
  printf 'Host=127.0.0.1;Port=%s;Username=moe;Password=%s;Database=postgres\n' "$port" "$password"
}

stop_server() {
  local dir=$1 bin
  bin=$(binaries) || die 'PostgreSQL is not installed'
  if [ -e "$dir/data/postmaster.pid" ]; then
    as_server "$bin/pg_ctl" -D "$dir/data" -m immediate -w -t 30 stop >/dev/null
  fi
  # Only what start made.
  rm -rf -- "$dir/data" "$dir/password" "$dir/server.log"
  rmdir -- "$dir" 2>/dev/null || true
}

case "${1:-}" in
  install) install_server ;;
  start) [ $# = 3 ] || usage; start_server "$2" "$3" ;;
  stop) [ $# = 2 ] || usage; stop_server "$2" ;;
  *) usage ;;
esac
