# Every byte and some characters through quoting, patterns, cases, classes, splitting.
shopt -s extglob
for i in {1..255}; do
  printf -v one "\\x$(printf %02x $i)"; x=a${one}b; printf '%d:%q:%s:%s:' $i "$one" "${one@Q}" "${x@E}"
  case $one in [[:upper:]]) echo -n U ;; [[:lower:]]) echo -n L ;; [[:digit:]]) echo -n D ;; [[:punct:]]) echo -n P ;; [[:space:]]) echo -n S ;; [[:cntrl:]]) echo -n C ;; [é-ü]) echo -n R ;; *) echo -n O ;; esac
  case $one in $'\xc3\x83' | Ã | É) echo -n T ;; [$'\x80'-$'\xff']) echo -n H ;; [![:print:]]) echo -n N ;; esac
  [[ $one < a ]]; echo -n $?; [[ $one =~ [a-zé] ]]; echo -n $?; [[ $one == ? ]]; echo -n $?; [ "$one" \< m ]; echo -n $?; [[ $x == a@([^$one]|"$one")b ]]; echo -n $?
  echo -n "${#x}${x^^}${x,,}${x~~}${x^}${x@U}${x@u}${x@L}${x%%"$one"*}${x/"$one"/é}${x//[^a-z]/.}${x#a?}"; printf '%5s|%-5.2s|%c|%b' "$x" "$x" "$one" "$x"; echo "$x" | { read -r y; echo "$y"; }
done 2>&1
mapfile -t lines <raw; echo ${#lines[@]}; for l in "${lines[@]}"; do echo "${#l} ${l@Q} ${l^^} ${l,,}"; printf '%q %b %s\n' "$l" "$l" "$l"; done
x=$'\xe9t\xe9 \xc3\xa9t\xc3\xa9 \xc9'; echo "${x^^}" "${x,,}" "${x^^?}" "${x^^[é$'\xe9']}" "${#x}" "${x:1:3}"; for p in Ã ã É $'\xc3' '[[:alpha:]]' '[é-ü]' $'[\xe0-\xef]' '*(?)'; do echo "${x//$p/_}"; [[ $x == *$p* ]]; echo $?; done
echo -e '\0303\xc3\u00e9\U1F600\cX|\x'; printf '\303\xc3\u00e9\U1F600\uffffffff\n'; echo $'\xff\377\u20ac\cé\c?\x{41}'; echo $"é"
while getopts é:a$'\xff'b o -a -$'\xff' -b -é; do echo "$o $OPTARG $OPTIND"; done; OPTIND=1; getopts ab: o -z; echo $o; OPTIND=1; getopts :b: o -b; echo $o $OPTARG
mapfile -d é x <<<1é2é3; declare -p x; mapfile -d $'\xc3' y <<<1é2é3; declare -p y; read -d é z <<<1é2; echo $z; read -d $'\xa9' z <<<1é2; echo "$z"; IFS=é; set -- 1é2é3; for i in $*; do echo "<$i>"; done; echo "$*"; IFS=$'\xa9 '; for i in $*; do echo "<$i>"; done; unset IFS
read -r -n 3 x <raw; echo "$x"; read -N 9 x <raw; echo "$x"; [[ é =~ ^.$ ]]; echo $?; [[ abc =~ (b)(c) ]]; declare -p BASH_REMATCH; [[ $'\xc3' =~ ^.$ ]]; echo $?; x=$(cat bytes.bin); echo ${#x} ${x:100:20} ${x: -9}
v=é; declare -n r=v; echo $r ${!r} ${r@A} "${v@a}"; declare -l low=ÉA; declare -u up=éa; declare -c cap=éa; echo $low $up $cap; echo ~ ~root ~nobody ~nothere a{b,é}c{d,e}; export é=1; set -é; local é; declare -é; unset é; é=1; é+=1; 1a=2; read é; printf -v é x; set -- -é; echo $1
cat <<E
$v ${v:0:9} $(echo é) \$
E
bind -p 2>&1 | sort; set -o history; echo é; history; fc -l; echo 'p="\s \v \V \j \$ \[x\] \303\251"; echo "${p@P}"' | bash
