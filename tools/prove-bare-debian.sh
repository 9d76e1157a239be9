#!/usr/bin/env bash
# Proves that a stranger's fresh Debian 12 needs nothing but `make`: tools/prove-bare-debian.sh [TARGET...]
#
# Makes a minimal Debian 12 by debootstrap in a temporary folder, copies the committed checkout there and runs
# `make TARGET` for each target in it, by default `test` and `demo`. First it shows that somebody without root is told
# what to install. Packages come from where this machine gets them: its settings of apt and pip are copied.
# Needs root and 4 GB in $TMPDIR; takes minutes. KEEP=1 leaves the folder for a look.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=bookworm
targets=("$@")
[ $# -gt 0 ] || targets=(test demo)

if [ "$(id -u)" -ne 0 ]; then
    echo "limpet: needs root, for debootstrap and chroot" >&2
    exit 1
fi
if [ -z "${PROVE_IN_OWN_MOUNTS:-}" ]; then
    tools/debian.sh debootstrap
    # Mounts made in here end with it, whatever happens.
    PROVE_IN_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0" "${targets[@]}"
fi

mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v suite="$suite" '$2 == suite && $3 == "main" { print $1; exit }')
if [ -z "$mirror" ]; then
    echo "limpet: this machine's apt sources do not name $suite main" >&2
    exit 1
fi

root=$(mktemp -d -t limpet-bare-XXXXXX)
chmod 755 "$root" # others than root live in it
finish() {
    umount --recursive "$root/proc" "$root/sys" "$root/dev" 2>/dev/null || true
    if [ -n "${KEEP:-}" ]; then
        echo "kept: $root"
    else
        rm -rf --one-file-system "$root"
    fi
}
trap finish EXIT

echo "=== debootstrap $suite ==="
debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log" 2>&1 || {
    tail -20 "$root.log" "$root/debootstrap/debootstrap.log" >&2
    exit 1
}
rm -f "$root.log"

# Whatever this machine needs to reach its package sources.
copy() {
    local path
    for path in "$@"; do
        [ -e "$path" ] || continue
        mkdir -p "$root${path%/*}"
        cp --recursive --dereference --no-target-directory "$path" "$root$path"
    done
}
rm -f "$root/etc/apt/sources.list"
copy /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/auth.conf.d /etc/apt/keyrings /etc/apt/trusted.gpg.d
grep -lE '^ *Acquire' /etc/apt/apt.conf.d/* 2>/dev/null | while read -r path; do copy "$path"; done
copy /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates
if [ -e "$HOME/.config/pip/pip.conf" ]; then
    install -D "$HOME/.config/pip/pip.conf" "$root/etc/xdg/pip/pip.conf"
fi
settings=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)
while read -r setting; do
    settings+=("$setting")
done < <(env | grep -iE '^(https?_proxy|no_proxy|PIP_CERT|PIP_DEFAULT_TIMEOUT|PIP_INDEX_URL|UV_[A-Z_]*|SSL_CERT_FILE)=')

mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"

inside() {
    env -i "${settings[@]}" chroot "$root" "$@" </dev/null
}

echo "=== the one thing beforehand: make ==="
inside apt-get -qq update
inside env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends make >/dev/null 2>&1

mkdir "$root/srv/limpet"
git archive HEAD | tar -x -C "$root/srv/limpet"

echo "=== somebody without root is told what to install ==="
told=$(inside setpriv --reuid=nobody --regid=nogroup --clear-groups make -C /srv/limpet demo 2>&1 || true)
grep -F "missing Debian packages; install them with: sudo apt-get install" <<<"$told" || {
    printf 'instead:\n%s\n' "$told" >&2
    exit 1
}

for target in "${targets[@]}"; do
    echo "=== make $target ==="
    begun=$SECONDS
    inside make -C /srv/limpet "$target"
    echo "=== make $target took $((SECONDS - begun)) s ==="
done
echo "proved on a bare Debian 12: ${targets[*]}"
