#!/usr/bin/env bash
# Prints the name of an image the product's image can be based on (.NET's ASP.NET Core runtime, a C++ library of GCC 13 or newer):
#   eng/container-base.sh           makes it here from Debian 13 ("trixie") at the mirror that the machine's own sources name, signatures checked, and from the
#                                   machine's own .NET; once for each version of .NET. Nothing is pulled.
#   eng/container-base.sh --test    the same with ip, tc and iptables, which the tests of slow and lossy links need and the product does not
#   eng/container-base.sh IMAGE     takes that one, pulled where it is missing, and prints it by its digest where it has one, so that the same name means the
#                                   same image tomorrow
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/eng/common.sh"
export PATH=$PATH:/usr/sbin:/sbin

packages=ca-certificates,libgomp1,libssl3t64,libstdc++6
kind=slim
if [ "${1:-}" = --test ]; then
  packages=$packages,iproute2,iptables
  kind=test
elif [ $# -gt 0 ]; then
  docker image inspect "$1" >/dev/null 2>&1 || quiet docker pull "$1" || die "the image $1 cannot be had: see above"
  digest=$(docker image inspect --format '{{with .RepoDigests}}{{index . 0}}{{end}}' "$1")
  printf '%s\n' "${digest:-$1}"
  exit 0
fi

need_dotnet
dotnet_root=$(dirname -- "$(readlink -f -- "$DOTNET")")
runtime=$(ls -d "$dotnet_root"/shared/Microsoft.AspNetCore.App/10.* 2>/dev/null | sort -V | tail -n 1)
[ -n "$runtime" ] || die "$dotnet_root: no runtime of ASP.NET Core 10; install it, or name another image: eng/container-base.sh IMAGE"
runtime=${runtime##*/}
image=moe-base:trixie-$kind-$runtime
if docker image inspect "$image" >/dev/null 2>&1; then
  printf '%s\n' "$image"
  exit 0
fi

[ "$(id -u)" = 0 ] || die "making a base image needs root; name one instead: eng/container-base.sh IMAGE"
mirror=$(debian_mirror 'trixie|bookworm|stable')
[ -n "$mirror" ] || die "no Debian mirror found in /etc/apt; name a base image instead: eng/container-base.sh IMAGE"
if ! command -v debootstrap >/dev/null; then
  can_install || die "debootstrap is not installed; install it, or name a base image: eng/container-base.sh IMAGE"
  quiet apt_install debootstrap debian-archive-keyring gpgv || die "debootstrap could not be installed: see above"
fi

say "making the base image $image"
root=$(mktemp -d)
trap 'rm -rf -- "$root"' EXIT
quiet debootstrap --force-check-gpg --variant=minbase --include="$packages" trixie "$root/image" "$mirror" || die "debootstrap could not make a Debian from $mirror: see above"
rm -rf -- "$root"/image/var/cache/apt/archives/*.deb "$root"/image/var/lib/apt/lists/*
mkdir -p "$root/image/usr/share/dotnet/shared"
cp -a "$dotnet_root/dotnet" "$dotnet_root/host" "$root/image/usr/share/dotnet/"
for part in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
  mkdir -p "$root/image/usr/share/dotnet/shared/$part"
  cp -a "$dotnet_root/shared/$part"/10.* "$root/image/usr/share/dotnet/shared/$part/"
done
ln -s ../share/dotnet/dotnet "$root/image/usr/bin/dotnet"
tar -C "$root/image" -cf "$root/image.tar" .
quiet docker import "$root/image.tar" "$image" || die "the base image cannot be imported: see above"
printf '%s\n' "$image"
