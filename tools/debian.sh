#!/usr/bin/env bash
# Makes sure that Debian packages are there: `tools/debian.sh PACKAGE...`.
# Installs what is missing when root or when sudo asks for no password; otherwise one line names what to install.
set -euo pipefail

missing=()
for package in "$@"; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=(env)
elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n env)
else
    echo "limpet: missing Debian packages; install them with: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

install() {
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 -y -qq install --no-install-recommends "${missing[@]}" </dev/null
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "limpet: installing Debian packages: ${missing[*]}"
# The package lists of a fresh or long unused machine are absent or old: the first failure refreshes them.
if ! install >"$log" 2>&1; then
    if ! { "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 -qq update && install; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "limpet: apt-get could not install: ${missing[*]}" >&2
        exit 1
    fi
fi
