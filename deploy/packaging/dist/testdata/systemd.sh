#!/bin/sh
# Runs as a service in a machine of its own, with the packages /old.deb and /new.deb,
# and writes what it sees to /out, a line "name: value" each.
exec >/out 2>/log
set -x
see() { echo "$1: $2"; }
serves() { # waits until a portal's data is served
  for _ in $(seq 100); do
    ukcloud_exporter health --url="http://127.0.0.1:$1/-/ready" && curl -s "127.0.0.1:$1/metrics" | grep -q '^ukcloud_up 1$' && echo yes && return
    sleep 0.2
  done
  echo no
}
property() { systemctl show --value --property "$1" ukcloud_exporter; }
etc=/etc/ukcloud_exporter

ip link set lo up || busybox ip link set lo up
dpkg --install /old.deb >&2
see enabled "$(systemctl is-enabled ukcloud_exporter)"
see started-without-password "$(property ConditionResult)"

ukcloud_exporter simulate --vms=5 --listen-address=127.0.0.1:10049 &
simulator=$!
sed -i 's#https://portal.skyscapecloud.com#http://127.0.0.1:10049#; s#exporter@example.com#demo@example.com#' $etc/config.yml
(umask 077 && echo demo >$etc/password)
systemctl start ukcloud_exporter
see started "$?"
see active "$(systemctl is-active ukcloud_exporter)"
see serves "$(serves 10048)"
see start-time "$(curl -s 127.0.0.1:10048/metrics | grep -c '^process_start_time_seconds ')"
pid=$(property MainPID)
see user "$(stat -c %U /proc/"$pid")"
see sandbox "$(awk '/^(NoNewPrivs|Seccomp|CapEff):/ { printf "%s%s ", $1, $2 }' /proc/"$pid"/status)"
see state "$(stat -c '%U %a' /var/lib/ukcloud_exporter)"

systemctl reload ukcloud_exporter
see reload "$?"
echo 'nonsense: 1' >>$etc/config.yml
systemctl reload ukcloud_exporter
see reload-of-nonsense "$?"
sed -i '$d' $etc/config.yml
see same-process "$([ "$pid" = "$(property MainPID)" ] && echo yes || echo no)"
reloads() { journalctl --unit ukcloud_exporter | grep -c 'Reloaded'; }
for _ in $(seq 50); do [ "$(reloads)" -lt 2 ] || break; sleep 0.2; done # the journal is behind
see reloads-seen "$(reloads)"

cp -p $etc/config.yml $etc/second.yml
cp -p $etc/password $etc/second.password
echo 'ARGS="--web.listen-address=127.0.0.1:10050"' >/etc/default/ukcloud_exporter-second
systemctl start ukcloud_exporter@second
see second "$?"
see second-serves "$(serves 10050)"
see second-state "$(stat -c '%U %a' /var/lib/ukcloud_exporter/second/state.json)"

# A process that hangs is ended and started again.
mkdir /etc/systemd/system/ukcloud_exporter.service.d
printf '[Service]\nWatchdogSec=3s\nTimeoutAbortSec=1s\nRestartSec=1s\n' >/etc/systemd/system/ukcloud_exporter.service.d/test.conf
systemctl daemon-reload
systemctl restart ukcloud_exporter
see restarted-serves "$(serves 10048)"
sleep 7
see restarts-of-the-healthy "$(property NRestarts)"
kill -STOP "$(property MainPID)"
for _ in $(seq 100); do [ "$(property NRestarts)" = 0 ] || break; sleep 0.2; done
see restarts-of-the-hung "$(property NRestarts)"
see after-it-serves "$(serves 10048)"

pid=$(property MainPID)
dpkg --install /new.deb >&2
see upgrade-restarts "$([ "$pid" = "$(property MainPID)" ] && echo no || echo yes)"
see upgraded-serves "$(serves 10048)"
see second-upgraded-serves "$(serves 10050)"

systemctl stop ukcloud_exporter
see stopped "$(property Result) $(property ExecMainStatus)"
systemctl start ukcloud_exporter
dpkg --remove ukcloud-exporter >&2
see removed "$(systemctl is-active ukcloud_exporter ukcloud_exporter@second | sort -u)"
see kept "$(ls -d $etc/config.yml $etc/password $etc/second.yml $etc/second.password /var/lib/ukcloud_exporter/state.json /var/lib/ukcloud_exporter/second/state.json | wc -l)"
dpkg --purge ukcloud-exporter >&2
see purged "$(ls -d $etc /var/lib/ukcloud_exporter /etc/default/ukcloud_exporter /etc/systemd/system/multi-user.target.wants/ukcloud_exporter.service | wc -l)"
kill "$simulator"
see end yes
