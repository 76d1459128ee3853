#!/usr/bin/env bash
# An hour of chaos, or as long as it is given: campaigns of injected failures, one after the other with another seed each time. Every one trains a small model, breaks it on purpose, and is held against the
# same run undisturbed: both must end with the same weights and state. Stops at the first that does not, with its seed. Usage: samples/chaos/chaos.sh [MINUTES] [CAMPAIGN…]
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."

case "${1:-}" in -h | --help) sed -n '2,3s/^# //p' "$0"; exit 0 ;; esac
minutes=${1:-60}
[[ $minutes =~ ^[0-9]+$ ]] || { echo "chaos.sh: $minutes: expected minutes, a whole number" >&2; exit 2; }
campaigns=("${@:2}")
[ "${#campaigns[@]}" -gt 0 ] || campaigns=(mixed actors memory links)

end=$((SECONDS + 60 * minutes)) seed=1 passed=0
while [ "$passed" = 0 ] || [ "$SECONDS" -lt "$end" ]; do
  campaign=${campaigns[$((passed % ${#campaigns[@]}))]}
  echo "campaign $campaign, seed $seed"
  ./moe chaos run "$campaign" --seed "$seed" || { echo "FAILED: ./moe chaos run $campaign --seed $seed" >&2; exit 1; }
  passed=$((passed + 1)) seed=$((seed + 1))
done
echo "$passed campaigns, all with the undisturbed weights and state"
