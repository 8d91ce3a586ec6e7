#!/bin/sh
# $1 is the number of versions installed after this: an upgrade restarts what runs.
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || :
  [ "$1" -eq 0 ] || systemctl try-restart ukcloud_exporter.service 'ukcloud_exporter@*.service' || :
fi
