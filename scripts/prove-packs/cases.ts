import type { ProofCase } from './case.ts';
import { BASH_CASES } from './bash.ts';
import { COMPILER_CASES } from './compilers.ts';
import { GO_COMMAND_CASES } from './go-command.ts';
import { MAKE_CASES } from './make.ts';

const BOOKWORM = ['linux/arm64', 'linux/arm/v7', 'linux/ppc64le', 'linux/s390x'];
/** With riscv64, of which trixie is the first release: there `debian:bookworm` is trixie. */
const ALL = [...BOOKWORM, 'linux/riscv64'];

/** Text with every byte, long lines, no newline at the end; numbers; a tree. All made without the tools that are proved. */
const INPUTS = `
exec 3>/work/text
i=0; while [ $i -lt 400 ]; do echo "line $i: the quick brown fox $((i * 7919 % 1009)) jumps, $(($i % 17))	tab é ü $((i*i))" >&3; i=$((i+1)); done
exec 3>&-
cp /work/bytes.bin /work/bytes
`;

/** Macros, numbers and errors of m4; hunks that fit, fit elsewhere and do not, and what patch leaves behind. */
const M4_AND_PATCH = `${INPUTS}
cat >a.m4 <<'E'
define(f, [$1] -$#- $* $@)f(1, 2, ' x')changequote([,])dnl
eval(2**31) eval(-7/2) eval(-7%3) eval(1<<40) eval(0xff, 2, 12) eval(255, 16) eval(1<2&&3) eval(7/0) len(abcé) index(abcabc, ca) substr(abcdef, 2, 3) translit(abc, a-c, A-C)
regexp(GNUs not Unix, [\\\\w\\\\(\\\\w+\\\\)$], [*** \\\\& *** \\\\1]) patsubst(abc, [b*], [<\\\\&>]) format([%5.2f|%-8s|%x|%e|%g|%c], 3.14159, str, 255, 1e10, 0.1, 65) incr(2147483647) divert(1)later
divert(0)ifelse(a, b, 1, 2) ifdef([f], yes) shift(1,2,3) dumpdef([f]) sinclude(nowhere) include(nowhere) syscmd(echo sys) sysval esyscmd(printf esys) errprint(err
) undivert(1) m4wrap(end
) __file__ __line__ define([r], [ifelse($1, 0, , [$1 r(decr($1))])])r(30) builtin([len], x) changecom(;)
E
m4 a.m4 >/out/m4 2>&1; m4 -s -P -DX=1 a.m4 >/out/m4s 2>&1; m4 -F /out/frozen a.m4 >/dev/null 2>&1; echo 'f(3)' | m4 -R /out/frozen >/out/thawed 2>&1; m4 -dV text >/out/m4text 2>&1; m4 bytes >/out/m4bytes 2>&1; m4 -E -E -L 9 a.m4 >/out/limits 2>&1; m4 -G a.m4 >/out/traditional 2>&1
sed 's/fox/FOX/;50d;99a new' text >new; sed '20,25d' text >moved; touch -d @1700000000 text new moved; for u in -u -c -n -e; do diff $u text new >d$u; done
for u in -u -c -n; do cp text t$u; patch t$u <d$u; cp new n$u; patch -R -b n$u <d$u; cp moved m$u; patch -o /out/m$u --merge m$u <d$u; done >/out/patch 2>&1
cp moved j; patch -V numbered -b -z .old j <d-u >>/out/patch 2>&1; patch -N -r /out/rejected j <d-u >>/out/patch 2>&1; cp text k; sed 's/jumps/x/' k >l; patch --dry-run --verbose l <d-u >>/out/patch 2>&1; patch -F 0 l <d-c >>/out/patch 2>&1; patch -f -p9 <d-u >>/out/patch 2>&1; patch -f k <bytes >>/out/patch 2>&1
printf 'diff --git a/g b/g\\nnew file mode 100755\\n--- /dev/null\\n+++ b/g\\n@@ -0,0 +1 @@\\n+x\\ndiff --git a/g b/h\\nsimilarity index 100%%\\nrename from g\\nrename to h\\n' | patch -f -p1 >>/out/patch 2>&1; ls -1 >/out/ls; cp t-* n-* j* k* l* h /out; for t in m4 patch; do $t --version; $t --help; $t --nonsense; done >/out/versions 2>&1`;

/** `o NAME COMMAND…` writes what a command prints, and its status, to /out/NAME. */
const OUTPUT = 'export LC_ALL=C; o() { n=$1; shift; { "$@"; echo "status $?"; } >/out/$n 2>&1; }';

/** apt with archives that are here: by the methods file, copy and store, and a package by its path. */
const APT_LOCAL = `
${OUTPUT}
mkdir -p p/DEBIAN p/usr/share/p repo; printf 'Package: p\\nVersion: 1:1.0~a-1\\nArchitecture: '$(dpkg --print-architecture)'\\nMaintainer: m <m@example.org>\\nDescription: d\\n' >p/DEBIAN/control; echo hello >p/usr/share/p/file; find p -exec touch -d @1700000000 {} +; dpkg-deb --root-owner-group -b p repo/p.deb >/dev/null
{ cat p/DEBIAN/control; echo Filename: ./p.deb; echo Size: $(stat -c %s repo/p.deb); echo SHA256: $(sha256sum <repo/p.deb | cut -c-64); } >repo/Packages; gzip -nk repo/Packages
for m in file copy; do echo "deb [trusted=yes] $m:/work/repo ./" >/etc/apt/sources.list.d/$m.list; o $m-update apt-get update -qq -o Dir::Etc::sourcelist=/dev/null; o $m-policy apt-cache policy p; o $m-install sh -c 'apt-get install -y p | grep -v -e Fetched -e Get:'; o $m-remove apt-get purge -y -qq p; rm /etc/apt/sources.list.d/$m.list; done
o local sh -c 'apt-get install -y ./repo/p.deb | grep -v -e Fetched -e Get:'; cp /var/lib/apt/extended_states /var/lib/dpkg/status /out; o removed apt-get remove -y -qq p`;

/** What apt's programs print and write: its settings, indexes, answers, plans, requests; another architecture. */
const APT_TOOLS = `
${OUTPUT}
apt-get -o Debug::Acquire::http=1 update 2>&1 | grep -aE '^(GET|Host|User-Agent|Accept|Range|Cache-Control)' | sort >/out/requests
o update apt-get update -qq; rm -f /var/lib/apt/lists/lock; o lists sh -c 'cd /var/lib/apt/lists; ls -ln --time-style=+; sha256sum *_*'
for t in apt apt-get apt-cache apt-config apt-mark; do $t --version; $t --help; $t --nonsense; $t nonsense; done >/out/versions 2>&1
o config apt-config dump; o shell apt-config shell A APT::Architecture F Dir::State::status/f; o indextargets apt-get indextargets; o policy apt-cache policy
o policies apt-cache policy gcc make tar nowhere; o show apt-cache show make gcc; o showpkg apt-cache showpkg dpkg; o depends apt-cache depends --recurse gcc make; o rdepends apt-cache rdepends libc6; o search apt-cache search -n '^gcc-1'; o madison apt-cache madison gcc; o pkgnames apt-cache pkgnames; o avail sh -c 'apt-cache dumpavail | sha256sum'; o unmet apt-cache unmet; o stats sh -c 'apt-cache stats | grep -v -i -e space -e size'; o showsrc apt-cache showsrc make
o simulate apt-get -s install gcc make; o more apt-get -s install --no-install-recommends build-essential python3 openjdk-17-jdk-headless; o resolve apt-get -s -o Debug::pkgProblemResolver=1 install xserver-xorg texlive; o dist apt-get -s dist-upgrade; o uris apt-get install --print-uris -y g++; o essential apt-get -s -y remove --purge tar; o nowhere apt-get install -y nowhere; o check apt-get check; o autoremove apt-get -s autoremove; o broken apt-get -s install make=9.9
o manual apt-mark showmanual; o hold apt-mark hold tar; o held apt-mark showhold; o unhold apt-mark unhold tar; o auto apt-mark auto sed; o list apt list --installed; o aptshow apt show m4; o aptsearch apt search '^m4$'
cd /tmp; o download apt-get download -q=2 m4; sha256sum m4*.deb >/out/downloaded; rm m4*.deb; cd /work
dpkg --add-architecture i386; o foreign apt-config dump APT::Architectures; apt-get update -qq >/dev/null 2>&1; o other apt-get -s install libc6:i386; o foreign-uris apt-get install --print-uris -y m4:i386 libc6:i386; dpkg --remove-architecture i386; o clean apt-get clean; rm -rf /work`;

/** The templates and scripts that debconf asks for before packages are installed, with whole and broken packages. */
const APT_TEMPLATES = `
${OUTPUT}
apt-get update -qq; t=/usr/bin/apt-extracttemplates; test -e $t || t=/usr/lib/apt/apt-extracttemplates; mkdir d t; cd d; apt-get download -q=2 tzdata debconf cron libc6 man-db openssh-server libpam-runtime dash
echo no package >no.deb; head -c 3000 tzdata*.deb >cut.deb; for n in *.deb; do o \${n%%_*} $t -t /work/t $n; done; o all $t -t /work/t tz*.deb debconf*.deb openssh*.deb; o nowhere $t -t /nowhere tz*.deb; o none $t; o missing $t -t /work/t missing.deb; o version $t --version; o help $t --help; o wrong $t --wrong
# The end of a name is random.
sed -E -i 's,(/[a-z0-9/-]+\\.(template|config))\\.[A-Za-z0-9]{6},\\1,g' /out/*; mv /work/t /out/t; for f in /out/t/*; do mv -f $f \${f%.*}; done`;

/** Package lists; signed, changed and unsigned files, with keyrings that fit, do not, and are not there. */
const SIGNATURES = `
apt-get update -qq; sha256sum /var/lib/apt/lists/*_* >/out/lists; cp $(ls /var/lib/apt/lists/*InRelease | head -n 1) i; sed 's/^Origin: ./Origin: x/' i >j; sed -n '/^-----BEGIN PGP SIG/,$p' i >s; sed -n '/^Origin/,/^-----BEGIN/p' i | sed '$d' >d; : >empty
for k in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-*.gpg /work/empty /nowhere; do for f in i j /etc/passwd empty; do echo "$k $f"; gpgv --keyring $k --status-fd 1 $f; echo $?; gpgv --keyring $k -o /out/$f s $f; sqv --keyring $k --cleartext $f; echo $?; sqv --keyring $k s d; sqv -v --keyring $k --signature-file s $f; done; done >/out/log 2>&1
for t in gpgv sqv; do $t --version; $t --help; $t --nonsense; done >/out/versions 2>&1; apt-key list >/out/keys 2>&1; true`;

export const CASES: readonly ProofCase[] = [
  {
    name: 'shell',
    base: 'debian:bookworm',
    platforms: ALL,
    step: `${INPUTS}
exec >/out/dash 2>&1
for e in '1<<62' '-1>>3' '7/2' '-7/2' '-7%3' '0x7fffffffffffffff+1' '010+0x10' '5&3|8^1' '~0' '!5' '1?2:3' '(1+2)*3' '1<2' '-9223372036854775808'; do echo "$e = $(($e))"; done
printf '%d %i %u %o %x %X %c %s %5s|%-5s|%05d %e %.3f %g %b\\n' 42 -42 42 8 255 255 xyz str ab ab 42 1.5 2.25 1e10 'a\\tb\\n'
printf '%d\\n' "'A" "'é" '"x'
printf '%x %d %s\\n' 0x1f 010 "$(printf '\\303\\251')"
v=abcdefabc; echo "\${v#a*c} \${v##a*c} \${v%c*} \${v%%b*} \${#v} \${v:-x} \${u:-y} \${u:+z} \${v:+w}"
case é in ?) echo one;; ??) echo two;; *) echo more;; esac
for w in a* [[:alpha:]]* '*'; do case apple in $w) echo "$w fits";; *) echo "$w no";; esac; done
f() { local x=1; echo "f $# $* $x"; return 3; }; f 1 '2 3'; echo $?
echo a b c | { read x y; echo "$y-$x"; }
IFS=:; set -- a:b::c; for i in $1; do echo "<$i>"; done; unset IFS
cat <<E | while read -r l; do echo "[$l]"; done
here $((1+1)) \\$x
E
trap 'echo trapped' EXIT; (exit 7); echo $?; kill -l 9; ulimit -c; umask; test -f /etc/passwd -a ! -d /etc/passwd; echo $?
echo "$0 $-"; command -v ls cat; type echo; hash; getopts ab: o -a; echo $o; times >/dev/null; eval 'echo $((3*4))'; . /nowhere`,
    native: ['dash'],
  },
  {
    name: 'text and files',
    base: 'debian:bookworm',
    platforms: ALL,
    step: `${INPUTS}
cd /work; O=/out
{ sed -n '1~7p;/99/{s/fox/FOX/g;p}' text; sed -E 's/([a-z]+) ([0-9]+)/\\2-\\1/;y/abc/xyz/;$!N;P;D' text; sed 's/[^[:alnum:]]/_/g' bytes; sed --version; } >$O/sed 2>&1
{ grep -n '9[0-3]*:' text; grep -oE '[0-9]{3,}' text; grep -ic FOX text; grep -aob '[^ -~]' bytes; grep -P '(?<=fox )1' text; grep -w 7 text -m3 -A1; grep -rl line /work/text; grep x bytes; } >$O/grep 2>&1
{ cut -c3-9 text; cut -d: -f2 text; tr 'a-z' 'A-Z' <text; tr -cd '[:print:]\\n' <bytes; head -c 99 bytes; tail -n 5 text; wc text bytes; nl text; tac text; rev text; } >$O/cut 2>&1
for h in md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum; do $h text bytes; done >$O/sums 2>&1
{ base64 bytes; base32 bytes; basenc --z85 -w0 text; basenc --base2msbf bytes; } >$O/base 2>&1
{ fold -w 31 text; fmt -w 40 text; pr -2 -l 40 -h x -D x text; paste text bytes; join text text; comm text text; uniq -c text; expand text; unexpand -a text; ptx -w 60 text; tsort bytes; } >$O/format 2>&1
{ split -n l/3 text $O/split.; csplit -f $O/csplit. text 50 /99/ '{2}'; shuf --random-source=bytes -n 9 text; shuf -i 1-99 --random-source=bytes; factor 1 97 1000000007 18446744073709551615 18446744073709551629; } >$O/split 2>&1
{ expr 7 '*' 6; expr abc : 'a\\(.*\\)'; expr length é; expr 99999999999999999999 + 1; test a '<' b; basename /a/b.c .c; dirname /a/b; realpath -m /a/../b/./c; readlink -f /bin/sh; pathchk -p é; echo -e 'a\\x41\\0101'; tty; id; groups; whoami; logname; nproc; yes | head -3; } >$O/misc 2>&1
{ echo -n abc | dd bs=2 conv=swab,ucase; dd if=bytes of=$O/dd bs=100 skip=1 seek=1 conv=notrunc,sparse status=none; truncate -s 5000 $O/truncated; od -c </dev/null; } >$O/dd.log 2>/dev/null
mkdir -m 1751 $O/dir; install -m 4750 -o 7 -g 9 text $O/installed; cp -a --reflink=never /etc/passwd $O/copied; ln -s a $O/link; ln $O/copied $O/hard; mkfifo -m 600 $O/fifo; chmod u+s,g-w,o=t $O/dir; chown 33:33 $O/copied; cp -R --parents /etc/apt $O; mv $O/link $O/link2; rmdir --ignore-fail-on-non-empty $O; rm -f nowhere
{ diff -u text bytes; diff <&- text /dev/null; cmp -l text bytes; diff3 text text bytes; sdiff -w 80 text text; diff -r /etc/apt /etc/dpkg; } >$O/diff 2>&1
find /etc -xdev -type f -name '*.conf' -printf '%m %u %s %p\\n' >$O/find 2>&1; find /usr/bin -perm -4000 -o -size +200k -print0 | xargs -0 -n 3 echo >$O/xargs 2>&1
run-parts --test --regex . /etc/cron.daily >$O/run-parts 2>&1; sha256sum /bin/* >$O/bin 2>/dev/null
for t in ls cat cut sed grep tar gzip dpkg find diff; do $t --version; $t --nonsense; done >$O/versions 2>&1`,
    native: ['sed', 'grep', 'cut', 'sha256sum', 'diff', 'cp'],
    native64: ['find'],
  },
  {
    name: 'm4 and patch',
    base: 'debian:bookworm',
    platforms: ALL,
    setup: 'apt-get update -qq && apt-get install -y -qq --no-install-recommends m4 patch',
    step: M4_AND_PATCH,
    native: ['m4', 'sed', 'diff'],
    native64: ['patch'],
  },
  {
    name: 'archives',
    base: 'debian:bookworm',
    platforms: ALL,
    setup: 'apt-get update -qq && apt-get install -y -qq --no-install-recommends xz-utils bzip2 zstd',
    step: `${INPUTS}
mkdir -p t/d t/e; cp text bytes t/d; ln -s ../d/text t/e/link; ln t/d/text t/e/hard; truncate -s 1M t/sparse; echo end >>t/sparse; chmod 2755 t/d; chown 5:6 t/e; touch -d @1700000000.123456789 t/d t/e t/d/* t/e/link t/sparse t
find t -exec touch -h -d @1700000000 {} +
for f in gnu pax ustar v7; do tar -c --sort=name --format=$f $([ $f = pax ] && echo --pax-option=delete=atime,delete=ctime) --numeric-owner $([ $f = gnu ] && echo -S) t >/out/$f.tar; done 2>/out/tar.log
tar -tvf /out/gnu.tar >/out/list; mkdir x; tar -xpf /out/pax.tar -C x; cp -a x /out/x; tar -df /out/gnu.tar >/out/compared 2>&1
cat text bytes text /bin/sh >data
for l in 1 4 6 9; do gzip -n -$l <data >/out/gz$l; bzip2 -$l <data >/out/bz$l; done
for l in 0 3 6 9e; do xz -T1 -$l <data >/out/xz$l; done; xz --check=sha256 -F lzma <data >/out/lzma; for l in 1 3 12 19; do zstd -q -$l <data >/out/zst$l; done
for f in gz6 bz9 xz6 zst3; do for p in 'gzip -dc' 'bzip2 -dc' 'xz -dc' 'zstd -dcq'; do $p </out/$f | md5sum; done; done >/out/back 2>&1; gzip -lv /out/gz6 | cut -c1-20 >/out/gzl; xz -lv /out/xz6 >/out/xzl; gzip -t data 2>/out/err; xz -t data 2>>/out/err`,
    native: ['tar', 'gzip'],
    native64: ['xz', 'zstd'],
  },
  {
    name: 'packages',
    base: 'debian:bookworm',
    platforms: ALL,
    step: `
exec >/out/log 2>&1
dpkg --print-architecture; dpkg --version; dpkg -l; dpkg-query -W -f '\${binary:Package} \${Version} \${Architecture} \${Status}\\n'; dpkg -L dash; dpkg -S /bin/dash; dpkg -s tar; dpkg --audit; dpkg -V dash
for v in '1.0 lt 2.0' '1:0 gt 9' '1~a lt 1' '2-1 ge 2-1'; do dpkg --compare-versions $v; echo $?; done
mkdir -p p/DEBIAN p/usr/share/p; printf 'Package: p\\nVersion: 1\\nArchitecture: '$(dpkg --print-architecture)'\\nMaintainer: m <m@example.org>\\nDescription: d\\n' >p/DEBIAN/control; printf '#!/bin/sh\\nset -e\\necho configured $1 $DPKG_MAINTSCRIPT_ARCH >/etc/p\\n' >p/DEBIAN/postinst; chmod 755 p/DEBIAN/postinst; echo hello >p/usr/share/p/file; mkdir p/etc; echo c=1 >p/etc/p.conf; echo /etc/p.conf >p/DEBIAN/conffiles; find p -exec touch -d @1700000000 {} +
for z in gzip xz zstd none; do SOURCE_DATE_EPOCH=1700000000 dpkg-deb --root-owner-group -Z$z -b p /out/p-$z.deb; done
dpkg-deb -I /out/p-xz.deb; dpkg-deb -c /out/p-gzip.deb; dpkg-deb -f /out/p-zstd.deb Package Version; dpkg-deb -x /out/p-xz.deb /out/x; dpkg-deb -e /out/p-none.deb /out/e; dpkg-deb --fsys-tarfile /out/p-gzip.deb | md5sum; dpkg-split -s /out/p-none.deb s; dpkg-split -I s.1of1.deb
dpkg -i /out/p-gzip.deb; cat /etc/p; dpkg -s p; dpkg-divert --list; dpkg-divert --add --rename --divert /etc/p.orig /etc/p; dpkg-statoverride --add root root 600 /etc/p.orig; dpkg-trigger --help | head -3; dpkg -r p; dpkg -l p; dpkg -P p; dpkg -P dash
cp -a /var/lib/dpkg/status /var/lib/dpkg/diversions /out`,
    native: ['dash'],
  },
  {
    name: 'apt tools',
    base: 'debian:bookworm',
    platforms: BOOKWORM,
    step: APT_TOOLS,
    native: ['apt-get', 'apt-cache', 'apt-config', 'apt-mark', 'apt', 'http', 'gpgv'],
  },
  {
    name: 'apt, local archives',
    base: 'debian:bookworm',
    platforms: BOOKWORM,
    step: APT_LOCAL,
    native: ['apt-get', 'apt-cache', 'dpkg', 'file', 'copy'],
  },
  {
    name: 'apt, local archives, trixie',
    base: 'debian:trixie-stand-in',
    platforms: ['linux/arm64'],
    step: APT_LOCAL,
    native: ['apt-get', 'apt-cache', 'dpkg', 'file', 'copy'],
  },
  {
    name: 'apt tools, trixie',
    base: 'debian:trixie-stand-in',
    platforms: ['linux/arm64'],
    step: APT_TOOLS,
    native: ['apt-get', 'apt-cache', 'apt-config', 'apt-mark', 'apt', 'http', 'sqv'],
  },
  ...[
    { name: 'apt templates', base: 'debian:bookworm', setup: 'apt-get update -qq && apt-get install -y -qq apt-utils' },
    { name: 'apt templates, trixie', base: 'debian:trixie-stand-in', setup: 'true' },
  ].map((one) => ({ ...one, platforms: ['linux/arm64'], step: APT_TEMPLATES, native: ['apt-extracttemplates'] })),
  {
    name: 'signatures',
    base: 'debian:bookworm',
    platforms: BOOKWORM,
    step: SIGNATURES,
    native: ['gpgv'],
  },
  {
    name: 'signatures, trixie',
    base: 'debian:trixie-stand-in',
    platforms: ['linux/arm64'],
    step: SIGNATURES,
    native: ['sqv'],
  },
  {
    name: 'apt',
    base: 'debian:bookworm',
    platforms: ['linux/arm64', 'linux/arm/v7'],
    setup: 'apt-get update -qq',
    step: 'apt-get install -y gcc make >/dev/null 2>&1',
    native: ['apt-get', 'http', 'dpkg', 'dpkg-deb', 'tar', 'dash'],
    whole: true,
  },
  {
    name: 'apt, trixie',
    base: 'debian:trixie-stand-in',
    platforms: ['linux/arm64'],
    setup: 'apt-get update -qq',
    step: 'apt-get install -y gcc make >/dev/null 2>&1',
    native: ['apt-get', 'http', 'dpkg', 'dpkg-deb', 'tar', 'dash'],
    whole: true,
  },
  {
    // Maintainer scripts: debconf, users, conffiles, alternatives, triggers; then removed in part.
    name: 'apt scripts',
    base: 'debian:bookworm',
    platforms: ['linux/arm64'],
    step: 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive && export DEBIAN_FRONTEND && apt-get install -y --no-install-recommends apt-utils ca-certificates tzdata cron nano vim-tiny >/dev/null 2>&1 && apt-get purge -y --auto-remove nano apt-utils >/dev/null 2>&1 && apt-get install -y -qq --reinstall m4- cron >/dev/null 2>&1',
    native: ['apt-get', 'http', 'dpkg', 'dpkg-deb', 'update-alternatives', 'dash'],
    whole: true,
  },
  ...BASH_CASES,
  ...MAKE_CASES,
  ...COMPILER_CASES,
  ...GO_COMMAND_CASES,
];
