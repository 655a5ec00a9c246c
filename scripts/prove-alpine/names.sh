# By which name a program is called, and what must stay emulated.
t uname -a; t uname -m; t arch; t busybox uname -m; t busybox sh -c 'uname -m; busybox uname -m; exec uname -m'; t find /bin/arch -exec {} ';'
t xargs -n1 busybox </dev/null; t nice uname -m; t timeout 5 uname -m; t setsid uname -m; t chroot / uname -m; t flock /tmp uname -m; t nohup uname -m
t env uname -m; t env -i A=1 /bin/busybox env; t printenv PATH
s 'type uname; command -v uname; uname -m; (uname -m); $(echo uname) -m; echo | xargs uname -m; ash -c "uname -m; :"; PATH=; uname -m'
t busybox; t busybox --list; t busybox --help; t busybox sed --help; t sh --help; t cat --help; t nosuch; t /bin/busybox nosuch
t apk --print-arch; t apk --version; t apk --help; t apk -V; t apk; t apk --print-a; t apk -q --vers
LD_LIBRARY_PATH=/lib:/usr/lib apk info >/out/libraries 2>&1; LD_LIBRARY_PATH=/lib sed -n 1p /etc/passwd >>/out/libraries 2>&1
sleep 9 & t killall sleep; sleep 9 & t pkill sleep; sleep 9 & pidof sleep | wc -w >/out/pidof; pgrep -l sleep | cut -d ' ' -f 2 >/out/pgrep; kill $!
mkdir -p /tmp/r/etc/apk; t apk --root /tmp/r --initdb --no-network add; t cat /tmp/r/etc/apk/arch; t apk -p /tmp/r --print-arch
ln -s /bin/busybox sed2; cp /bin/busybox busybox-copy; t ./sed2 p; t ./busybox-copy uname -m; t sh -c 'exec -a uname /bin/busybox -m'; t sh -c 'exec -a -sh /bin/busybox -c "uname -m"'
printf '#!/bin/sh\nuname -m; echo "$0" "$@"\n' >script.sh; chmod +x script.sh; t ./script.sh a b; printf '#!/bin/busybox uname\n' >script2; chmod +x script2; t ./script2
for one in $(busybox --list); do case $one in
init|linuxrc|reboot|halt|poweroff|getty|watchdog|vlock|login|su|top|watch|yes|beep|ntpd|udhcpc*|klogd|syslogd|crond|nbd*|zcip|ping*|vi|less|more|microcom|setserial|ttysize|resize|reset|inotifyd|acpid|fb*|free|ps|pstree|uptime|dmesg|date|mktemp|shuf|iostat|mpstat|lsof|nmeter|hwclock|rdate|fuser|netstat|if*|ip*|route|arp*|pscan|losetup|mount|umount|blkid|findfs|pmap|raidautorun|swap*|rfkill|mkpasswd|cryptpw|killall5|time|usleep|sleep|pipe_progress|tee|sync|fsync|env|printenv) ;;
*) t $one --help; t $one --nosuch </dev/null;; esac; done
