#!/usr/bin/env bash
# Builds the program in Release once, however many processes ask for it at the same time. `./moe` calls it where sources changed.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/eng/common.sh"
need_dotnet

mkdir -p "$here/.moe" 2>/dev/null || die "$here: cannot be written: the build needs a folder it may write to"
log=$here/.moe/build.log
host=$here/src/Host/bin/Release/net10.0/linux-x64/MoeActors.Host.dll

exec 9>"$here/.moe/build.lock"
if command -v flock >/dev/null; then
  flock 9
fi
needs_build "$host" || exit 0 # another process has built while this one waited

build() {
  # Sources changed during the build are newer than its beginning, and will be built next time.
  touch "$here/.moe/begun"
  build_key >"$here/.moe/built.new"
  # No server of the compiler stays behind: it would hold memory and this lock while a model trains.
  (cd "$here" && "$DOTNET" build src/Host -c Release -v q -nologo -nodeReuse:false -p:UseSharedCompilation=false "-p:MoeDevice=$1") >"$log" 2>&1 9>&-
}

wanted=$(wanted_device)
say "building (log: $log)"
if ! build "$wanted"; then
  if [ "$wanted" = cuda ] && grep -qE 'error NU1[0-9]{3}|TorchSharp-cuda' "$log"; then
    say "the CUDA packages cannot be had here: building for the CPU (MOE_DEVICE=cpu says so without a try)"
    build cpu || { cat "$log" >&2; die "the build failed: see above" 1; }
  else
    cat "$log" >&2
    die "the build failed: see above" 1
  fi
fi
touch -r "$here/.moe/begun" "$here/.moe/built.new"
mv "$here/.moe/built.new" "$here/.moe/built"
