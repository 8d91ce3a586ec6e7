#!/bin/sh
# $1 is the number of versions installed after this.
if [ "$1" -eq 0 ] && [ -d /run/systemd/system ]; then
  systemctl disable --now ukcloud_exporter.service || :
  systemctl stop 'ukcloud_exporter@*.service' || :
fi
