#!/bin/sh
# A new installation is enabled, and starts as soon as it has a password; an upgrade
# restarts what runs.
set -e
[ "$1" = configure ] || exit 0
if [ -z "$2" ]; then
  cat <<'NEXT'
ukcloud_exporter is installed. Before it can start:
  1. put the portal user into /etc/ukcloud_exporter/config.yml;
  2. put its password, alone, into /etc/ukcloud_exporter/password (mode 0600, root);
  3. systemctl start ukcloud_exporter
NEXT
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  if [ -z "$2" ]; then
    systemctl enable --quiet ukcloud_exporter.service
    systemctl start ukcloud_exporter.service
  else
    systemctl try-restart ukcloud_exporter.service 'ukcloud_exporter@*.service'
  fi
elif [ -z "$2" ] && command -v systemctl >/dev/null; then
  systemctl enable --quiet ukcloud_exporter.service # a chroot or an image
fi
