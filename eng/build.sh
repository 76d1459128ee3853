#!/usr/bin/env bash
# Builds the program in Release into .moe/app once, however many processes ask for it at the same time. `./moe` calls it where sources changed.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/eng/common.sh"
need_dotnet

mkdir -p "$here/.moe" 2>/dev/null || die "$here: cannot be written: the build needs a folder it may write to"
log=$here/.moe/build.log
app=$here/.moe/app
host=$app/MoeActors.Host.dll

exec 9>"$here/.moe/build.lock"
if command -v flock >/dev/null; then
  flock 9
fi
needs_build "$host" || exit 0 # another process has built while this one waited

# build DEVICE AHEAD: compiled ahead of time where AHEAD is true. A process that first has to compile what it runs takes twice as long to take over from another, and all others wait for it.
build() {
  # Sources changed during the build are newer than its beginning, and will be built next time.
  touch "$here/.moe/begun"
  build_key >"$here/.moe/built.new"
  rm -rf -- "$app.new"
  # No server of the compiler stays behind: it would hold memory and this lock while a model trains.
  (cd "$here" && "$DOTNET" publish src/Host -c Release -o "$app.new" -v q -nologo -nodeReuse:false -p:UseSharedCompilation=false -p:RunAnalyzers=false \
    -p:CreateHardLinksForPublishFilesIfPossible=true "-p:MoeDevice=$1" "-p:PublishReadyToRun=$2") >"$log" 2>&1 9>&-
}

device=$(wanted_device) ahead=true
say "building (log: $log)"
until build "$device" "$ahead"; do
  if [ "$ahead" = true ] && grep -q 'error NU1[0-9]*:.*Crossgen' "$log"; then
    say "the ahead-of-time compiler cannot be had here: processes will start more slowly"
    ahead=false
  elif [ "$device" = cuda ] && grep -qE 'error NU1[0-9]{3}|TorchSharp-cuda' "$log"; then
    say "the CUDA packages cannot be had here: building for the CPU (MOE_DEVICE=cpu says so without a try)"
    device=cpu
  else
    cat "$log" >&2
    die "the build failed: see above" 1
  fi
done

# Running processes keep the files they have open.
rm -rf -- "$app.old"
[ ! -e "$app" ] || mv "$app" "$app.old"
mv "$app.new" "$app"
rm -rf -- "$app.old"
touch -r "$here/.moe/begun" "$here/.moe/built.new"
mv "$here/.moe/built.new" "$here/.moe/built"
