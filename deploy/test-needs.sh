#!/usr/bin/env bash
# Install the browser and the database server that some tests use, where that is possible: Debian, root, and not there yet.
# Without them those tests are skipped with a reason, so nothing here is an error.
set -uo pipefail
missing=()
command -v chromium > /dev/null || missing+=(chromium fonts-noto-cjk)
compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || missing+=(postgresql)
[ "${#missing[@]}" -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
  echo "Not installed: ${missing[*]}. The tests that need them will be skipped."
  exit 0
fi
echo "Installing for the tests: ${missing[*]}…"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > /tmp/tiltyard-test-needs.log 2>&1 \
  || { tail -n 5 /tmp/tiltyard-test-needs.log; echo "Could not install ${missing[*]}; the tests that need them will be skipped."; }
exit 0
