#!/usr/bin/env bash
# An S3-compatible server of one's own for tests (npm's s3rver), on the loopback address alone:
#   eng/s3rver.sh install               installs it into .moe/s3rver where node is there and it is missing
#   eng/s3rver.sh start DIR PORT        starts it with its objects in DIR and a bucket "moe"; prints its URL
#   eng/s3rver.sh stop DIR              stops it and removes DIR
# Its credentials are S3RVER and S3RVER.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/eng/common.sh"

version=3.7.1
home=$here/.moe/s3rver
server=$home/node_modules/s3rver/bin/s3rver.js

usage() { die "usage: eng/s3rver.sh install | start DIR PORT | stop DIR" 2; }

install_server() {
  [ ! -e "$server" ] || return 0
  command -v npm >/dev/null || die "s3rver needs node and npm; install Node.js 20 or newer"
  say "installing s3rver $version"
  mkdir -p "$home"
  quiet npm install --prefix "$home" --no-audit --no-fund --no-save "s3rver@$version" || die "s3rver could not be installed: see above"
}

start_server() {
  local dir=$1 port=$2
  [ -e "$server" ] || die "s3rver is not installed; install it with: eng/s3rver.sh install"
  [ ! -e "$dir" ] || die "$dir: is there already; stop its server with: eng/s3rver.sh stop $dir"
  mkdir -p "$dir"
  node "$server" -d "$dir/objects" -a 127.0.0.1 -p "$port" --silent --configure-bucket moe >"$dir/server.log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  if ! await_server 10 "$!" listens "$port"; then
    cat "$dir/server.log" >&2
    stop_server "$dir"
    die "s3rver did not start on port $port: see above"
  fi
  printf 'http://127.0.0.1:%s\n' "$port"
}

stop_server() {
  local dir=$1
  if [ -e "$dir/pid" ]; then
    kill "$(cat "$dir/pid")" 2>/dev/null || true
    # Only what start made.
    rm -rf -- "$dir/objects" "$dir/server.log" "$dir/pid"
  fi
  rmdir -- "$dir" 2>/dev/null || true
}

case "${1:-}" in
  install) install_server ;;
  start) [ $# = 3 ] || usage; start_server "$2" "$3" ;;
  stop) [ $# = 2 ] || usage; stop_server "$2" ;;
  *) usage ;;
esac
