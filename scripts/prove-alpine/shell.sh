# The shell: expansions, arithmetic, builtins, errors, signals.
s 'set -- a "b c" d; for x; do echo "<$x>"; done; echo $# $* "$@" $0; IFS=:; x=a:b:c; for y in $x; do echo $y; done'
s 'echo $((1+2*3)) $((7/2)) $((-7/2)) $((-7%3)) $((1<<40)) $((-1>>1)) $((0x7fffffffffffffff+1)) $((2**10)) $((1?2:3)); echo $((010)) $((16#ff)); echo $((1/0))'
s 'echo $((-9223372036854775807-1)); echo $((08))'
s 'x=abcdef; echo ${#x} ${x%d*} ${x##*c} ${x:2:3} ${x/cd/XX} ${x//[ace]/_} ${y:-def} ${y:=q} ${y:+z} ${nope?missing}'
s 'case abc in a*) echo 1;; esac; case ä in ?) echo one;; *) echo more;; esac; [ a \< b ] && echo lt; [[ abc =~ b ]] && echo match; test -f /etc/passwd; echo $?; x=äöü; echo ${#x} ${x%?}'
s 'f() { local x=1; return 3; }; f; echo $?; trap "echo bye" EXIT; (exit 4); echo $?; { echo a; echo b >&2; } 2>&1 | sort; ! true; echo $?; false || echo or; cat <<END
here $((1+1)) $(echo sub)
END'
s 'printf "%5d|%-5s|%05.2f|%x|%o|%e|%g|%c|%b\n" 42 ab 3.14159 255 8 12345.678 0.0001 xyz "a\tb"; printf "%d %s\n" 1 a 2 b; printf "%.20f %a\n" 0.1 0.1; printf "%d\n" 0x10; printf "%s\n" "\x"; printf "%f %f %f\n" nan inf -0.0; printf "%q\n" "a b"'
for f in a e f g E G A; do for v in 0 -0 1 -1 0.1 1e300 1e-300 123456789.987654321 5e-324 1.7976931348623157e308 0x1.8p3 nan -nan inf 1e400 3.5 2.5 0.5 9999999.5; do printf "%$f %.0$f %.17$f %25.3$f %-25.30$f|%+$f % $f %#$f %010$f\n" $v $v $v $v $v $v $v $v $v; done; done >/out/floats 2>&1
s 'ulimit -n; umask; umask 027; umask; umask -S; alias x=y; alias; type echo; command -V cd; getopts ab: o -a -b x; echo $o $OPTARG; readonly r=1; r=2'
s 'unset HOSTNAME; set | grep -v -e PPID -e RANDOM; export; readonly'
s 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo $i; x=; for j in 1 2 3 4 5 6 7 8 9; do x=$x$j; done; echo $x'
s 'syntax ('; s 'nosuchcommand'; s '/etc'; s 'cd /nosuch'; s 'kill -9 $$'; s 'kill -l 9; kill -l'; s 'echo \a\b; echo -e "a\tb\x41"; echo -n x; echo -E "\t"'
s 'exec 3>&1; echo three >&3; read a b <<END
one two three
END
echo $a-$b; read -r -n 2 c </etc/passwd; echo $c; pwd; cd /tmp; echo $OLDPWD $PWD; pwd -P; sleep 0.01 & wait $!; echo $?'
s 'echo ${BB_ASH_VERSION}; cd /etc; echo *; echo [a-c]*; echo a*; set -f; echo *; set -e; false; echo no'
s 'set -x; a=1 b="2 3" echo x; set +x; set -u; echo $unset'
s 'set -o pipefail; false | true; echo $?; echo $LINENO; help; exec nosuch'
