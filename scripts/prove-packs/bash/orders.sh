# Orders: of keys, names, files; with names that are no ASCII.
declare -A m; for i in {1..400}; do m[k$i]=$i; done; echo "${!m[@]}"; echo "${m[@]}"
declare -A n=([é]=1 [a]=2 [ü]=3 [z]=4 [ñ]=5 [日本]=6 ['a b']=7 ['$']=8); echo "${!n[@]}"; declare -p n
while IFS= read -r -n 1 -d '' one; do [[ $one ]] && n[$one]=1; done <raw; echo "${!n[@]}"; echo "${n[@]@K}"; unset 'n[é]'; declare -p n
for i in {128..255}; do printf -v one "\\x$(printf %x $i)"; n["k$one"]=$i; done; for k in "${!n[@]}"; do printf '%q ' "$k"; done; echo
alias é=1 a=2 Z=3 ü=4 ñ=5 _=6; alias; aé() { :; }; é() { :; }; b() { :; }; ü() { echo ü; }; declare -F; declare -f
compgen -A function; compgen -a; compgen -W 'é a ü z É'; complete -W 'é' é; complete -W a a; complete -p; hash -p /é é; hash -p /a a; hash -l
mkdir d; cd d; touch é a ü z É Z $'\xff' $'\x80b' .h aé
for g in '*' '[[:alpha:]]*' '[^a]*' '[a-z]' 'é*' '?' '??' '[é-ü]' '[[=e=]]' '[[.é.]]' 'nothing*'; do echo $g; done; set -o posix; echo *; for i in *; do printf '%q ' "$i"; done; set +o posix
shopt -s dotglob nocaseglob extglob globstar; echo *; echo **; GLOBIGNORE='a*'; echo *; unset GLOBIGNORE; compgen -f; compgen -G '*'; cd ..; rm -r d
arr=([5]=a [2]=b [999999]=c); declare -p arr; echo "${!arr[@]}"; arr[9223372036854775807]=x; echo "${!arr[@]}"; arr+=(y); echo $?; arr[-1]=z; arr[-99999999999]=z; declare -p arr
for i in {1..300}; do printf -v v$((i * 7919 % 1000)) %d $i; done; echo ${!v*}; declare -p ${!v1*}; set | grep ^v
