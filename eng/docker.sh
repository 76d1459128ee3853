#!/usr/bin/env bash
# The Docker Engine of the container tests:
#   eng/docker.sh start     uses the engine that answers, or installs one where root runs and starts it, until "stop"; prints its API's version
#   eng/docker.sh stop      stops the engine that "start" has started; another one is left alone
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/eng/common.sh"
export PATH=$PATH:/usr/sbin:/sbin

# In the place of all engines of a machine, not in this checkout: a second one would take the first one's networks down.
pid=/run/moe-dockerd.pid
log=/var/log/moe-dockerd.log
remedy="start a Docker Engine that this user may use (docker info), or run as root on a machine that may start one"

answers() { docker version --format '{{.Server.APIVersion}}' >/dev/null 2>&1; }

start_engine() {
  ! answers || return 0
  [ "$(id -u)" = 0 ] || die "no Docker Engine answers: $remedy"
  if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
    can_install || die "no Docker Engine is installed: $remedy"
    say "installing the Docker Engine"
    quiet apt_install docker.io iptables || die "the Docker Engine could not be installed: $remedy"
  fi
  # No descriptor of the caller's stays open in it: whoever reads its output would wait for ever.
  setsid dockerd >"$log" 2>&1 </dev/null 3>&- 9>&- &
  echo $! >"$pid"
  if ! await_server 30 "$!" answers; then
    local why
    why=$(grep -oE '(failed to|Error|permission|operation not).*' "$log" | tail -n 1 | tr -d '"' | cut -c 1-160 || true)
    stop_engine
    die "the Docker Engine does not run here (${why:-see $log}): $remedy"
  fi
}

stop_engine() {
  [ -e "$pid" ] || return 0
  local process
  process=$(cat "$pid")
  rm -f "$pid"
  if [ "$(cat "/proc/$process/comm" 2>/dev/null)" = dockerd ]; then
    kill "$process"
    timeout 30 tail --pid="$process" -f /dev/null || true
  fi
}

case "${1:-}" in
  start)
    start_engine
    docker version --format '{{.Server.APIVersion}}'
    ;;
  stop) stop_engine ;;
  *) die "usage: eng/docker.sh start | stop" 2 ;;
esac
