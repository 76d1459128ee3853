#!/usr/bin/env bash
# Runs the tests: ./test.sh [--integration] [--soak] [PROJECT…]
#   --integration   also tests of the tier "integration": real servers and whole clusters
#   --soak          also tests of the tier "soak": long runs
#   PROJECT         only test projects whose name contains this
# Names the ten slowest tests at its end. The last line says how it ended: N passed, N failed[, N skipped].
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
. "$here/eng/common.sh"
cd "$here"

integration=0 soak=0 wanted=()
for argument in "$@"; do
  case "$argument" in
    --integration) integration=1 ;;
    --soak) soak=1 ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) die "unknown option $argument; expected --integration, --soak or a project's name" 2 ;;
    *) wanted+=("$argument") ;;
  esac
done

logs=$here/TestResults
rm -rf -- "$logs"
mkdir -p "$logs"

# The ten tests that took longest, by the times in the runner's own results. A theory's row is a test.
slowest() {
  local times
  times=$(grep -ho '<test [^>]*>' "$logs"/*.xml 2>/dev/null | sed -nE 's/.* name="MoeActors\.([^"]*)".* time="([0-9.]+)".*/\2 \1/p' | LC_ALL=C sort -rn | awk 'NR <= 10' |
    awk '{ printf "  %6.1f s  %s\n", $1, substr($0, index($0, " ") + 1, 180) }' | sed -e 's/\\&quot;/\&quot;/g' -e "s/&quot;/\"/g; s/&apos;/'/g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g") || true
  [ -z "$times" ] || printf 'the ten slowest tests:\n%s\n' "$times"
}

# Everything said goes before the closing line, whatever happens.
passed=0 failed=0 skipped=0 failures=""
close() {
  local status=$?
  trap - EXIT
  if [ "$status" != 0 ] && [ "$failed" = 0 ]; then
    failed=1 # what stopped the script counts as a failure
  fi
  slowest
  # Once more, where the end of a long output is all that is looked at.
  [ -z "$failures" ] || printf '%s\n' "$failures"
  local line="$passed passed, $failed failed"
  [ "$skipped" = 0 ] || line="$line, $skipped skipped"
  printf '%s\n' "$line"
  [ "$failed" = 0 ] || exit 1
}
trap close EXIT

need_dotnet
libstdcxx_is_new || eng/system-packages.sh </dev/null
if [ "$integration" = 1 ]; then
  eng/postgres.sh install
fi

projects=()
for project in tests/*.Tests integration-tests/*.Tests; do
  [ -d "$project" ] || continue
  [ "$integration" = 1 ] || [ "${project%%/*}" != integration-tests ] || continue
  if [ "${#wanted[@]}" -gt 0 ]; then
    match=0
    for name in "${wanted[@]}"; do
      [[ $project != *"$name"* ]] || match=1
    done
    [ "$match" = 1 ] || continue
  fi
  projects+=("$project")
done
[ "${#projects[@]}" -gt 0 ] || die "no test project is named like ${wanted[*]:-tests/*.Tests}" 2

say "building the tests"
# What is wanted and what it needs. The analyzers, which take as long as the compiler, speak where warnings are looked for: in .ci/run and in every build without this flag.
filter=$logs/wanted.slnf separator=
{
  printf '{"solution":{"path":"../MoeActors.sln","projects":['
  for project in "${projects[@]}"; do
    printf '%s"%s"' "$separator" "${project/\//\\\\}\\\\MoeActors.${project##*/}.csproj"
    separator=,
  done
  printf ']}}\n'
} >"$filter"
if ! "$DOTNET" build "$filter" -c Release -v q -nologo -p:MoeDevice=cpu -p:RunAnalyzers=false >"$logs/build.log" 2>&1; then
  cat "$logs/build.log"
  die "the build failed: see above" 1
fi

# Processes of the tests run what users run; the few of the fast tier, what was just built.
if [ "$integration" = 1 ] || [ "$soak" = 1 ]; then
  case " ${projects[*]} " in
    *Host.Tests* | *Integration.Tests*)
      if ! MOE_DEVICE=cpu eng/build.sh 2>"$logs/build.log"; then
        cat "$logs/build.log"
        die "the build failed: see above" 1
      fi
      export MOE_TEST_PROGRAM=$here/.moe/app
      ;;
  esac
fi

tiers=()
[ "$soak" = 1 ] || tiers+=(-trait- Tier=soak)
[ "$integration" = 1 ] || tiers+=(-trait- Tier=integration)

# As under ./moe: waiting threads sleep, and no library changes its number of threads.
export OMP_WAIT_POLICY=PASSIVE OMP_DYNAMIC=FALSE MKL_DYNAMIC=FALSE MALLOC_ARENA_MAX=1 DOTNET_gcServer=0
export MOE_HOME=$here

count() { sed -nE "s/.*[ ,]$1: ([0-9]+).*/\1/p" <<<"$2"; }

for project in "${projects[@]}"; do
  name=${project##*/}
  program=$project/bin/Release/net10.0/linux-x64/MoeActors.$name
  log=$logs/$name.log
  begun=$SECONDS
  status=0
  # A shell that was put into the background ignores interrupts, and so would all it starts: tests send them.
  env --default-signal=INT,QUIT "$program" -noLogo -noColor "${tiers[@]}" -xml "$logs/$name.xml" >"$log" 2>&1 </dev/null || status=$?
  summary=$(grep -E '^ *MoeActors\..*Total: [0-9]+' "$log" | tail -n 1 || true)
  total=$(count Total "$summary") bad=$(count Failed "$summary") errors=$(count Errors "$summary")
  not_run=$(count Skipped "$summary") explicit=$(count 'Not Run' "$summary")
  if [ -z "$total" ]; then
    # No summary: it crashed, or holds no tests of the chosen tiers.
    if [ "$status" = 0 ]; then total=0 bad=0 errors=0 not_run=0; else total=1 bad=1 errors=0 not_run=0; fi
  elif [ "$status" != 0 ] && [ "$((bad + errors))" = 0 ]; then
    errors=1 # it reported success and then died
  fi
  total=$((total - ${explicit:-0})) # tests that run only when asked for by name
  passed=$((passed + total - bad - not_run))
  failed=$((failed + bad + errors))
  skipped=$((skipped + not_run))
  printf '%-16s %5d passed %4d failed %4d skipped  %4d s\n' "$name" "$((total - bad - not_run))" "$((bad + errors))" "$not_run" "$((SECONDS - begun))"
  if [ "$((bad + errors))" != 0 ]; then
    cat "$log"
    failures+=$(grep -A 8 -F '[FAIL]' "$log" || echo "$name ended without naming a failed test")$'\n'
  fi
done
