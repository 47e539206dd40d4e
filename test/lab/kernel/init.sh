#!/bin/busybox sh
# First process of the guest: mounts the host's files (virtiofs, read-only) under a writable overlay in memory, and
# becomes the job that the kernel's command line names.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in /modules/*.ko; do insmod "$module"; done

mount -t tmpfs tmpfs /run
mkdir /run/files /run/upper /run/work /run/root
mount -t virtiofs -o ro files /run/files
root=/run/root
mount -t overlay -o lowerdir=/run/files,upperdir=/run/upper,workdir=/run/work overlay $root || poweroff -f

mount -t proc proc $root/proc
mount -t sysfs sys $root/sys
mount -t devtmpfs dev $root/dev
mkdir -p $root/dev/pts $root/dev/shm
mount -t devpts pts $root/dev/pts
mount -t tmpfs tmpfs $root/dev/shm
mount -t tmpfs tmpfs $root/run
for name in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do ln -s /proc/self/${name#*:} $root/dev/${name%:*}; done
ip link set lo up

# The job answers on named virtio ports; udev would make /dev/virtio-ports, but there is none.
mkdir $root/run/ports
for port in $root/sys/class/virtio-ports/*; do ln -s "/dev/${port##*/}" "$root/run/ports/$(cat "$port/name")"; done

job=$(sed -n 's/.*tombolo\.job=\([^ ]*\).*/\1/p' /proc/cmdline)
umount /proc
# Not chroot: the kernel's modprobe helper and "nsenter --mount" would find themselves in the initramfs.
exec switch_root -c /dev/console $root /bin/sh "$job"
