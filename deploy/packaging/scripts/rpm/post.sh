#!/bin/sh
# $1 is the number of versions installed after this.
if [ "$1" -eq 1 ]; then
  cat <<'NEXT'
ukcloud_exporter is installed. Before it can start:
  1. put the portal user into /etc/ukcloud_exporter/config.yml;
  2. put its password, alone, into /etc/ukcloud_exporter/password (mode 0600, root);
  3. systemctl enable --now ukcloud_exporter
NEXT
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || :
  [ "$1" -ne 1 ] || systemctl preset ukcloud_exporter.service || :
fi
