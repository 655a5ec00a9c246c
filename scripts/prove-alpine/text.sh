# Text: every filter on four kinds of input, and questions of all sorts.
for f in mixed lines bytes c1.c; do
t cat -A $f; t cat -n $f; t head -n 7 $f; t head -c 100 $f; t tail -n 7 $f; t tail -c +50 $f; t cut -c 2-5 $f; t cut -d ' ' -f 2,3 $f; t wc $f; t wc -L $f; t uniq -c $f; t tac $f; t rev $f; t nl $f; t fold -w 20 $f; t expand $f; t unexpand -a $f
t sort $f; t sort -r -n -k 2 $f; t sort -u $f; t sort -k 3,3n -k 2 $f; t sort -g $f; t sort -t ' ' -k 3 -s $f; t sort -h $f; t sort -V $f; t sort -M $f
t md5sum $f; t sha1sum $f; t sha256sum $f; t sha512sum $f; t sha3sum $f; t sum $f; t sum -s $f; t cksum $f; t base64 $f; t uuencode -m $f x; t uuencode $f x; t xxd $f; t xxd -p $f; t strings $f
t sed -n '2~3p' $f; t sed 's/[0-9]\+/<&>/g;y/abc/xyz/' $f; t sed -E 's/(.)(.)/\2\1/3' $f; t sed '1,10d;$!N;P;D' $f; t sed -n '/line 1/,/line 2/{=;l}' $f; t sed -e 'G;s/\n/x/' -e '5q' $f
t grep -n 9 $f; t grep -c . $f; t grep -v -i LINE $f; t grep -oE '[0-9]{2}' $f; t grep -F -w '7 1' $f; t egrep '(1|2)$' $f; t fgrep -x '' $f; t grep -A2 -B1 'line 7' $f
t tr a-z A-Z <$f; t tr -d '\000-\037' <$f; t tr -s 'a-z' <$f; t split -l 500 $f /out/split-; t comm lines $f; t paste -d, lines $f; t cmp lines $f; t cmp -l lines $f; t diff lines $f; t diff -u c1.c $f; t dos2unix <$f; t unix2dos <$f
done
cp lines new; sed -i 's/line 5/LINE five/' new; t diff -u lines new; diff -u lines new >p; t patch -p0 -o /out/patched lines p; t patch -R new p; printf '1,3d\nw\nq\n' | ed new >/out/ed; cp new /out/new
t expr 1 + 2; t expr 9223372036854775807 + 1; t expr abc : 'a\(.\)'; t expr 7 / 0; t expr 5 % 3 '&' 1; t factor 600851475143 9223372036854775807 x; t basename /a/b.c .c; t dirname /a/b; t realpath ..; t readlink -f /bin/sh
t date -u -d @0; t date -u -d '2024-02-29 12:00' +%c%j%V%s; t date -d nonsense; t cal 2 2024; t seq 1 0.1 2; t awk 'BEGIN{print 1/3, log(2), -log(-1)}'; t od -x bytes; t hexdump bytes; t dc -e '2 3 / p'; t bc </dev/null
t getopt -o ab: -l long: -- -a -b x --long=y z; t id; t id nobody; t groups root; t whoami; t tty; t test 1 -eq 1; t [ 1 -lt 0 ]; t true; t false; t nproc; t which sh nosuch; t run-parts /nosuch; t printf '%s\n' a b; t tee /out/tee </etc/passwd
t cat /nosuch; t sed 'x(' lines; t grep '[' lines; t sort --nosuch; t cut; t head -n x lines; t uudecode -o /out/uu /nosuch; t xargs -n 2 echo <lines; t xargs -I X echo aXb </etc/group
