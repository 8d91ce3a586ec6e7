#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl stop ukcloud_exporter.service 'ukcloud_exporter@*.service'
fi
if [ "$1" = remove ] && command -v systemctl >/dev/null; then
  systemctl disable --quiet ukcloud_exporter.service
fi
