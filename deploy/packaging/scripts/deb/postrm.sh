#!/bin/sh
# Removed, configuration, passwords and state stay; purged, they go. The user stays:
# its number must not become another's.
set -e
if [ "$1" = purge ]; then
  rm -rf /etc/ukcloud_exporter /var/lib/ukcloud_exporter
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
