#!/usr/bin/env bash
# Runs the deterministic simulation: eng/simulate.sh [--schedules N] [--seed S] [--bug NAME]
#   --seed S        first seed (1)
#   --schedules N   how many schedules, seeds S, S + 1, … (1: that one, with its trace)
#   --bug NAME      with one of the seeded bugs, by the name the tests give it
# A schedule that breaks an invariant is named by its seed; exit code 1.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/eng/common.sh"
cd "$here"

while [ $# -gt 0 ]; do
  case "$1" in
    --seed | --schedules)
      [[ ${2:-} =~ ^[0-9]+$ ]] || die "$1 ${2:-}: expected a whole number" 2
      [ "$1" = --seed ] && export MOE_SIMULATE_SEED=$2 || export MOE_SIMULATE_SCHEDULES=$2
      shift 2
      ;;
    --bug) export MOE_SIMULATE_BUG=${2:?expected a name}; shift 2 ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown option $1; expected --seed, --schedules or --bug" 2 ;;
  esac
done

need_dotnet
"$DOTNET" build tests/Actors.Tests -c Release -v q -nologo >&2
exec tests/Actors.Tests/bin/Release/net10.0/linux-x64/MoeActors.Actors.Tests -noLogo -noColor -explicit only -showLiveOutput \
  -method '*ReplayTests.Replay'
