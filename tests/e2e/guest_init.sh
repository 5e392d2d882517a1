#!/bin/sh
# First process of both guests. The kernel's command line sets NAME, ROLE (production or standby) and DISKS, a
# list of NAME=SERIAL: each disk is known by its serial number alone and mounted at /mnt/NAME.

busybox() { /bin/busybox "$@"; }
say() { echo "guest: $*"; }
fail() { say "FAILED: $*"; busybox poweroff -f; busybox sleep 60; }

busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
exec < /dev/ttyS0 > /dev/ttyS0 2>&1
# Messages of the kernel would land in the middle of ours.
echo 4 > /proc/sys/kernel/printk

while read -r module; do
    busybox insmod "/modules/$module" || fail "module $module"
done < /modules/order
busybox hostname "$NAME"

disk_of() { # SERIAL
    for disk in /sys/block/vd*; do
        [ "$(busybox cat "$disk/serial")" = "$1" ] && echo "${disk##*/}"
    done
}

# What udev's own rule for virtio disks leaves behind, and what libudev, and through it the agent, reads.
tell_udev() { # DISK
    busybox mkdir -p /run/udev/data
    printf 'I:1\nE:ID_SERIAL=%s\n' "$(busybox cat "/sys/block/$1/serial")" \
        > "/run/udev/data/b$(busybox cat "/sys/block/$1/dev")"
}

mount_disk() { # NAME DISK
    busybox mkdir -p "/mnt/$1"
    if [ "$ROLE" = production ]; then
        busybox mount -t ext4 "/dev/$2" "/mnt/$1" || fail "mount of $1"
        return
    fi
    # A file system that was frozen needs nothing replayed, so it mounts from a disk that cannot be written.
    if busybox mount -t ext4 -o ro "/dev/$2" "/mnt/$1" 2> /dev/null; then
        say "$1 clean"
    elif busybox mount -t ext4 -o ro,noload "/dev/$2" "/mnt/$1"; then
        say "$1 needs-replay"
    else
        fail "mount of $1"
    fi
}

for entry in $(echo "$DISKS" | busybox tr ',' ' '); do
    disk="$(disk_of "${entry#*=}")"
    [ -n "$disk" ] || fail "no disk has the serial number of $entry"
    tell_udev "$disk"
    mount_disk "${entry%%=*}" "$disk"
done

# A number goes to the log first, and only once it is on the disk also to the database.
write_in_order() {
    number=0
    while :; do
        number=$((number + 1))
        for name in log db; do
            printf '%012d\n' "$number" 1<> "/mnt/$name/number" || fail "write to $name"
            busybox sync -d "/mnt/$name/number"
        done
    done
}

case "$ROLE" in
production)
    for port in /sys/class/virtio-ports/*; do
        [ "$(busybox cat "$port/name")" = org.qemu.guest_agent.0 ] && agent_port="/dev/${port##*/}"
    done
    [ -n "$agent_port" ] || fail "no port for the agent"
    for name in log db; do
        printf '%012d\n' 0 > "/mnt/$name/number"
    done
    busybox sync
    write_in_order &
    say up
    busybox mkdir -p /var/run
    while :; do
        /usr/sbin/qemu-ga --method=virtio-serial --path="$agent_port" --statedir=/run
        say "the agent ended with $?"
        busybox sleep 1
    done
    ;;
standby)
    for entry in $(echo "$DISKS" | busybox tr ',' ' '); do
        number="/mnt/${entry%%=*}/number"
        [ -f "$number" ] && say "${entry%%=*} $(busybox cat "$number")"
    done
    say down
    busybox poweroff -f
    ;;
*)
    fail "no such role: $ROLE"
    ;;
esac
