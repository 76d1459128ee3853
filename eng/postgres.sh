#!/usr/bin/env bash
# A PostgreSQL server of one's own for tests:
#   eng/postgres.sh install                     installs the server where root runs and it is missing
#   eng/postgres.sh start DIR PORT [ADDRESS]    makes a data folder DIR, starts the server on an address (the loopback one), prints a connection string
#   eng/postgres.sh halt DIR                    ends the server as a crash would
#   eng/postgres.sh again DIR                   starts it again after that
#   eng/postgres.sh stop DIR                    stops it and removes DIR
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/eng/common.sh"

usage() { die "usage: eng/postgres.sh install | start DIR PORT [ADDRESS] | halt DIR | again DIR | stop DIR" 2; }

binaries() {
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$found" ] || found=$(dirname -- "$(command -v initdb || echo /missing/initdb)")
  [ -x "$found/initdb" ] && echo "$found"
}

install_server() {
  binaries >/dev/null && return
  can_install || die "PostgreSQL is not installed; install it with: apt-get install postgresql"
  say "installing PostgreSQL"
  # No cluster of the distribution's: tests start servers of their own.
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  quiet apt_install postgresql || die "PostgreSQL could not be installed: see above"
}

# The server refuses to run as root.
as_server() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && setpriv --reuid postgres --regid postgres --init-groups "$@")
  else
    "$@"
  fi
}

# Its sockets stay out of the way; fsync is pointless for a server that lives for one test.
make_server() {
  local dir=$1 port=$2 address=$3 bin=$4
  as_server "$bin/initdb" -D "$dir/data" -U moe --auth=scram-sha-256 --pwfile="$dir/password" -E UTF8 --no-sync || return 1
  # With the password from wherever the address can be reached.
  echo 'host all all 0.0.0.0/0 scram-sha-256' | as_server tee -a "$dir/data/pg_hba.conf" || return 1
  printf '%s\n' "listen_addresses = '$address'" "port = $port" "unix_socket_directories = ''" 'fsync = off' |
    as_server tee -a "$dir/data/postgresql.conf" || return 1
  run_server "$dir" "$bin"
}

run_server() { as_server "$2/pg_ctl" -D "$1/data" -l "$1/server.log" -w -t 30 start; }

halt_server() { [ ! -e "$1/data/postmaster.pid" ] || as_server "$2/pg_ctl" -D "$1/data" -m immediate -w -t 30 stop; }

start_server() {
  local dir=$1 port=$2 address=${3:-127.0.0.1} bin password
  bin=$(binaries) || die "PostgreSQL is not installed; install it with: apt-get install postgresql (or eng/postgres.sh install as root)"
  [ ! -e "$dir/data" ] || die "$dir: holds a server already; stop it with: eng/postgres.sh stop $dir"
  umask 077
  mkdir -p "$dir"
  chmod 700 "$dir"
  [ "$(id -u)" != 0 ] || chown postgres: "$dir"
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s\n' "$password" | as_server tee "$dir/password" >/dev/null
  if ! quiet make_server "$dir" "$port" "$address" "$bin"; then
    cat "$dir/server.log" >&2 2>/dev/null || true
    stop_server "$dir"
    die "$dir: PostgreSQL did not start on $address:$port: see above"
  fi
  printf 'Host=%s;Port=%s;Username=moe;Password=%s;Database=postgres\n' "$address" "$port" "$password"
}

stop_server() {
  local dir=$1 bin
  bin=$(binaries) || die 'PostgreSQL is not installed'
  halt_server "$dir" "$bin" >/dev/null
  # Only what start made.
  rm -rf -- "$dir/data" "$dir/password" "$dir/server.log"
  rmdir -- "$dir" 2>/dev/null || true
}

# A server that start made, stopped or started once more.
once_more() {
  local bin
  bin=$(binaries) || die 'PostgreSQL is not installed'
  [ -e "$2/data" ] || die "$2: holds no server; make one with: eng/postgres.sh start $2 PORT"
  quiet "$1" "$2" "$bin" || die "$2: PostgreSQL did not do it: see above"
}

case "${1:-}" in
  install) install_server ;;
  start) [ $# = 3 ] || [ $# = 4 ] || usage; start_server "${@:2}" ;;
  halt) [ $# = 2 ] || usage; once_more halt_server "$2" ;;
  again) [ $# = 2 ] || usage; once_more run_server "$2" ;;
  stop) [ $# = 2 ] || usage; stop_server "$2" ;;
  *) usage ;;
esac
