# Functions of the start scripts. Sourced by bash; expects $here, the repository's root.

# A service or `env -i` may have none, and dotnet needs one.
if [ -z "${HOME:-}" ]; then
  HOME=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6 || true)
  export HOME="${HOME:-/}"
fi

say() { printf 'moe: %s\n' "$*" >&2; }

die() {
  say "$1"
  exit "${2:-7}"
}

# Sets DOTNET to a dotnet that has an SDK of .NET 10.
need_dotnet() {
  local candidate
  for candidate in "${DOTNET_ROOT:+$DOTNET_ROOT/dotnet}" "$(command -v dotnet || true)" "$HOME/.dotnet/dotnet" /usr/lib/dotnet/dotnet /usr/share/dotnet/dotnet; do
    if [ -n "$candidate" ] && [ -x "$candidate" ] && has_sdk "$candidate"; then
      DOTNET=$candidate
      export DOTNET DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
      return
    fi
  done
  die "no .NET 10 SDK found: install it from https://dotnet.microsoft.com/download/dotnet/10.0 (dotnet must be on the PATH, or DOTNET_ROOT name its folder)"
}

# Looks at the folders: starting dotnet to ask takes longer than all the rest.
has_sdk() {
  local root sdk
  root=$(dirname -- "$(readlink -f -- "$1")")
  for sdk in "$root"/sdk/10.*; do
    [ ! -d "$sdk" ] || return 0
  done
  return 1
}

# Whether the C++ runtime is of GCC 13 or newer (GLIBCXX_3.4.32), which libtorch's binding needs.
libstdcxx_is_new() {
  local library
  for library in /usr/lib/x86_64-linux-gnu/libstdc++.so.6 /usr/lib64/libstdc++.so.6 /usr/lib/libstdc++.so.6; do
    if [ -e "$library" ]; then
      grep -aq 'GLIBCXX_3\.4\.32' "$library"
      return
    fi
  done
  library=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | sed -n 's/.*libstdc++\.so\.6 .*=> //p' | head -n 1)
  [ -n "$library" ] && grep -aq 'GLIBCXX_3\.4\.32' "$library"
}

# cuda where an NVIDIA driver is present and MOE_DEVICE does not say cpu.
wanted_device() {
  case "${MOE_DEVICE:-auto}" in
    cpu) echo cpu ;;
    cuda) echo cuda ;;
    auto) if [ -e /proc/driver/nvidia/version ]; then echo cuda; else echo cpu; fi ;;
    *) die "MOE_DEVICE = $MOE_DEVICE: expected auto, cpu or cuda" 3 ;;
  esac
}

# The files the program is built from, one a line; further arguments narrow them as for find.
sources() {
  find "$here/src" "$here/hocon" "$here/Directory.Build.props" "$here/Directory.Packages.props" "$here/global.json" "$here/.editorconfig" \
    \( -name bin -o -name obj \) -prune -o -type f "$@" -print
}

# What the build depends on besides the contents of its files: the device, and which files there are.
build_key() { printf '%s %s\n' "$(wanted_device)" "$(sources | LC_ALL=C sort | cksum)"; }

# Whether the program $1 has to be built: it is missing, a source is newer, files came or went, or another device is wanted.
needs_build() {
  local stamp=$here/.moe/built
  [ -e "$1" ] && [ -e "$stamp" ] || return 0
  [ -z "$(sources -newer "$stamp" | head -n 1)" ] || return 0
  [ "$(cat "$stamp")" != "$(build_key)" ]
}

# Runs a command; what it says is shown only when it fails.
quiet() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ "$status" = 0 ] || cat "$log" >&2
  rm -f "$log"
  return "$status"
}

# Installs Debian packages without a question.
apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" ||
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; }
}

# Whether packages can be installed here unattended.
can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# Waits, at most $1 seconds, until a command succeeds while the process $2 lives.
await_server() {
  local left=$(($1 * 10)) process=$2
  shift 2
  while [ "$left" -gt 0 ] && kill -0 "$process" 2>/dev/null; do
    ! "$@" >/dev/null 2>&1 || return 0
    sleep 0.1
    left=$((left - 1))
  done
  return 1
}

# Whether something listens on port $1 of the loopback address.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The mirror of a Debian suite (names separated by |) that the machine's own sources name, from the deb822 files or the old one-line list.
debian_mirror() {
  local suites=$1 file
  {
    for file in /etc/apt/sources.list.d/*.sources; do
      [ -e "$file" ] || continue
      awk -v RS= -v suites="$suites" '{
        uri = ""; wanted = 0; debs = 0
        n = split($0, line, "\n")
        for (i = 1; i <= n; i++) {
          if (line[i] ~ /^Types:.*deb( |$)/) debs = 1
          if (line[i] ~ /^URIs:/) { split(line[i], word, /[ \t]+/); uri = word[2] }
          if (line[i] ~ "^Suites:" && line[i] ~ "[ \t](" suites ")/?([ \t]|$)") wanted = 1
        }
        if (uri != "" && wanted && debs) { print uri; exit }
      }' "$file"
    done
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
      sed -nE "s/^[ \t]*deb[ \t]+(\[[^]]*\][ \t]+)?([^ \t]+)[ \t]+($suites)[ \t].*main.*/\2/p" || true
  } | head -n 1
}
