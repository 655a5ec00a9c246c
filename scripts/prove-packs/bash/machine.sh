# What bash tells of its machine and of itself.
echo $MACHTYPE $HOSTTYPE $OSTYPE $BASH_VERSION "${BASH_VERSINFO[@]}" $BASH $- $SHELLOPTS $BASHOPTS
bash --version; bash --help; help; help printf declare
declare -p | grep -v -e PID= -e PPID= -e SECONDS -e RANDOM -e EPOCH; set | grep -v -e PID= -e PPID= -e RANDOM -e EPOCH; export -p; readonly -p | grep -v PPID= | grep -v PPID=
set -o; shopt; shopt -o; enable -a; compgen -b; compgen -k; compgen -A shopt; compgen -A signal; complete
kill -l; for i in {1..64} 129 300; do kill -l $i; done; trap -l
type -a type ls echo; hash; alias; ulimit -a; umask -S
bash -é; bash -o nothing; bash --nonsense; bash -c
