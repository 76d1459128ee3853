#!/usr/bin/env bash
# Installs what the system lacks: a libstdc++ of GCC 13 or newer, on Debian 12 from Debian 13 ("trixie") at the mirror its own sources name.
# Asks on a terminal, does not ask when root runs unattended, else says in one line what is missing.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/eng/common.sh"

! libstdcxx_is_new || exit 0

sources=/etc/apt/sources.list.d/moe-trixie.sources
pin=/etc/apt/preferences.d/moe-trixie
why='libtorch needs libstdc++ of GCC 13 or newer (GLIBCXX_3.4.32)'

os=$(sed -n 's/^ID=//p' "/etc/os-release" 2>/dev/null | tr -d '"')
release=$(sed -n 's/^VERSION_ID=//p' "/etc/os-release" 2>/dev/null | tr -d '"')
if [ "$os" != debian ] || [ "$release" != 12 ]; then
  die "$why; this system (${os:-unknown} ${release:-}) has an older one: install a newer libstdc++6, or use Debian 12 or newer, or Ubuntu 24.04 or newer"
fi

from=$(debian_mirror 'bookworm|stable')
[ -n "$from" ] || die "$why; no Debian mirror found in /etc/apt: add the suite trixie yourself and run apt-get install -t trixie libstdc++6"

as_root=
if [ "$(id -u)" != 0 ]; then
  as_root=sudo
  if [ ! -t 0 ] || ! command -v sudo >/dev/null; then
    die "$why; missing here: libstdc++6 from Debian trixie; install it as root with: $here/moe setup"
  fi
fi
if [ -t 0 ] && [ -t 2 ]; then
  printf 'moe: %s.\nmoe: install libstdc++6 from Debian trixie at %s, pinned so that nothing else comes from there? [Y/n] ' "$why" "$from" >&2
  read -r answer
  case "$answer" in
    '' | [Yy]*) ;;
    *) die "not installed: $why" ;;
  esac
fi

say "installing libstdc++6 from Debian trixie"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
  # Pinned below every installed suite: only what is asked for by name comes from trixie.
  printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n' | $as_root tee "$pin" &&
    printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' "$from" | $as_root tee "$sources" &&
    $as_root apt-get update &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -t trixie libstdc++6
}
if ! install >"$log" 2>&1; then
  cat "$log" >&2
  die "libstdc++6 could not be installed: see above"
fi
libstdcxx_is_new || die "$why; it is still missing after the installation"
