#!/usr/bin/env bash
# The product's image, built from the published product (eng/build.sh):
#   eng/container-image.sh NAME [BASE]      builds it; without BASE the base image is made here, with --test one that has the tests' tools: see eng/container-base.sh
#   eng/container-image.sh --remove NAME    removes it; the base image stays
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
. "$here/eng/common.sh"
[ $# = 1 ] || [ $# = 2 ] || die "usage: eng/container-image.sh NAME [BASE] | --remove NAME" 2

if [ "$1" = --remove ]; then
  docker image rm "$2" >/dev/null
  exit
fi

base=$("$here/eng/container-base.sh" "${@:2}")
MOE_DEVICE=cpu "$here/eng/build.sh"
# Debian's engine has no buildx.
export DOCKER_BUILDKIT=0
quiet docker build -f "$here/Dockerfile" --build-arg "BASE=$base" -t "$1" "$here/.moe/app" || die "the image $1 cannot be built: see above"
