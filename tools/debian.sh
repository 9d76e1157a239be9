#!/usr/bin/env bash
# Makes sure that Debian packages are there: `tools/debian.sh PACKAGE...`.
# Installs what is missing when root or when sudo allows it; otherwise one line names what to install.
set -euo pipefail

if ! command -v dpkg-query >/dev/null; then
    echo "limpet: not a Debian system: please see to the equivalents of: $*" >&2
    exit 0
fi

installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' || true)
missing=()
for package in "$@"; do
    grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

refuse() {
    echo "limpet: missing Debian packages; install them with:" \
        "sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
}

if [ "$(id -u)" -eq 0 ]; then
    as_root=(env)
elif ! command -v sudo >/dev/null; then
    refuse
elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n env)
elif [ -t 0 ] && [ -z "${CI:-}" ]; then
    echo "limpet: sudo is asked for, to install: ${missing[*]}"
    sudo -v || refuse
    as_root=(sudo env)
else
    refuse
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

apt() {
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq -y "$@" </dev/null >"$log" 2>&1
}

echo "limpet: installing Debian packages: ${missing[*]}"
# The package lists of a fresh or long unused machine are absent or old: a first failure refreshes them.
if ! apt install --no-install-recommends "${missing[@]}"; then
    if ! { apt update && apt install --no-install-recommends "${missing[@]}"; }; then
        cat "$log" >&2
        echo "limpet: apt-get could not install: ${missing[*]}" >&2
        exit 1
    fi
fi
