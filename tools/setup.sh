#!/usr/bin/env bash
# Sets up what a make target needs: `tools/setup.sh check|test|demo|bench`.
#   check   the environment .venv
#   others  .venv and the Debian packages of the X server, xterm and Qt's platform plug-in
# The second call finds everything in place and takes a moment.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:?usage: tools/setup.sh check|test|demo|bench}

environment=(python3-venv libxcb1)
screen=(xvfb xauth xterm xdotool x11-utils openssl)
qt=(libegl1 libgl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libx11-xcb1 libxkbcommon-x11-0 libwayland-client0
    libwayland-cursor0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
    libxcb-shape0 libxcb-xkb1 fonts-dejavu-core)

case $purpose in
check) packages=("${environment[@]}") ;;
test | demo | bench) packages=("${environment[@]}" "${screen[@]}" "${qt[@]}") ;;
*)
    echo "limpet: tools/setup.sh: unknown purpose: $purpose" >&2
    exit 2
    ;;
esac
tools/debian.sh "${packages[@]}"

# What the environment is made of; another folder counts, since scripts in .venv name it.
wanted=$({
    pwd
    /usr/bin/python3 --version
    sha256sum requirements.txt requirements-build.txt pyproject.toml tools/setup.sh
} | sha256sum)
stamp=.venv/limpet-setup
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Runs a step; its output is shown when it fails.
step() {
    echo "limpet: $1"
    shift
    if ! "$@" >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        echo "limpet: setting up .venv failed at: $*" >&2
        exit 1
    fi
}

unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
export UV_PYTHON_DOWNLOADS=never
# Trust what the machine trusts, as pip and apt-get do; uv brings a list of its own for machines without one.
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS=1
fi
rm -f "$stamp"
if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    # Debian's pip installs nothing outside an environment.
    step "making the environment .venv" /usr/bin/python3 -m venv --clear .venv
fi
step "installing uv and the build tools" \
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-build.txt
# With the build tools in place nothing is fetched that the lock does not name.
step "installing the locked packages" \
    .venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes --no-build-isolation requirements.txt
step "installing limpet, editable" \
    .venv/bin/uv pip install --quiet --python .venv/bin/python --offline --no-deps --no-build-isolation --editable .
echo "$wanted" >"$stamp"
