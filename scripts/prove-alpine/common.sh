# Runs before each case: t and s keep a command's output, messages and status, each in files of their own.
unset RUN
n=0
t() { n=$((n+1)); "$@" >/out/$n.out 2>/out/$n.err; echo "$? $*" >>/out/$n.err; }
s() { n=$((n+1)); printf '%s\n' "$1" >/tmp/script; sh /tmp/script >/out/$n.out 2>/out/$n.err; echo "$? $1" >>/out/$n.err; }
i=0; while [ $i -lt 256 ]; do printf "\\$(printf %03o $i)"; i=$((i+1)); done >bytes
cat bytes bytes ./*.c >mixed
i=0; while [ $i -lt 3000 ]; do echo "line $i $((i*i%977)) $((i*7919%3001)) ä€"; i=$((i+1)); done >lines
mkdir -p tree/a/b tree/c; echo 1 >tree/a/one; echo 22 >tree/a/b/two; ln -s ../a/one tree/c/link; ln tree/a/one tree/c/hard
chmod 640 tree/a/one; chmod 4755 tree/a/b/two; chown -h 3:4 tree/c/link tree/a/b; find tree -exec touch -h -d '2024-02-29 12:34:56' {} +
