#!/usr/bin/env bash
# Writes the lock files from pyproject.toml: `make lock`, or `make lock UPGRADE=1` for the newest versions.
# They carry a digest for every file and name no registry address.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet --python .venv/bin/python --universal --python-version 3.11 --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links "$@"
}

upgrade=(${UPGRADE:+--upgrade})
compile "${upgrade[@]}" pyproject.toml --extra client --group build --group dev --output-file requirements.txt
compile --group build --constraints requirements.txt --output-file requirements-build.txt
compile "${upgrade[@]}" tools/peers-requirements.in --output-file tools/peers-requirements.txt
