import type { CompatCase } from '../case.ts';

const on = (text: string): string => `FROM busybox\n${text}\n`;

/** What a RUN step sees and what stays of it. */
export const cases: readonly CompatCase[] = [
  {
    name: 'the environment',
    dockerfile: on('ENV A=1\nARG B=2\nRUN env | grep -v -e ^OTEL -e ^TRACEPARENT | sort > /env'),
    args: { HTTP_PROXY: 'http://p.invalid' },
  },
  {
    name: 'the environment without a shell',
    dockerfile: on('ENV A="x y"\nRUN ["env"]\nRUN ["/bin/sh", "-c", "echo $0 $A > /a"]'),
  },
  {
    name: 'the current folder and the shell',
    dockerfile: on(
      'RUN pwd > /pwd; echo "$0 $-" > /shell\nWORKDIR /w\nSHELL ["/bin/sh", "-ec"]\nRUN echo "$0 $-" > shell',
    ),
  },
  { name: 'a heredoc script', dockerfile: on('RUN <<EOF\nset -e\necho one > /one\ncat > /two <<X\ntwo\nX\nEOF') },
  { name: 'a heredoc with its own interpreter', dockerfile: on("RUN <<'EOF'\n#!/bin/sh -x\necho $0 > /name\nEOF") },
  { name: 'a heredoc with a command', dockerfile: on('ARG v=1\nRUN cat <<a - <<b > /all\nv is $v\na\nsecond\nb') },
  { name: 'a heredoc and its end of file', dockerfile: on('RUN cat > /x <<"a"\n$HOME `x`\na') },
  {
    name: 'files of every kind and mode',
    dockerfile: on(
      'RUN umask 027; mkdir -p /d/e && touch /d/f && chmod 6755 /d/f && ln /d/f /d/g && ln -s f /d/h && mkfifo /d/p && chown 12:34 /d/e && chmod 1777 /d/e',
    ),
  },
  {
    name: 'files removed and made anew',
    dockerfile: on(
      'RUN mkdir /d && touch /d/a /d/b\nRUN rm -r /d && mkdir /d && touch /d/c\nRUN rm /d/c && mkdir /d/c && touch /d/c/in',
    ),
  },
  {
    name: 'a file for a folder and back',
    dockerfile: on(
      'RUN mkdir -p /x/y && touch /x/y/z /f\nRUN rm -r /x /f && touch /x && mkdir -p /f/g\nRUN rm -r /x && ln -s /f /x',
    ),
  },
  { name: 'a folder moved', dockerfile: on('RUN mkdir -p /a/b/c && touch /a/b/c/f\nRUN mv /a /z\nRUN mv /z/b /a') },
  {
    name: 'only times and modes changed',
    dockerfile: on(
      'RUN echo 1 > /f && mkdir /d\nRUN touch -d "2001-02-03 04:05:06" /f && chmod 700 /d && chown 3:4 /f',
    ),
  },
  {
    name: 'a file of the base changed',
    dockerfile: on('RUN echo "x:x:55:" >> /etc/group && rm /etc/shells 2>/dev/null; rm -r /home && chmod 711 /root'),
  },
  { name: 'hard links into lower layers', dockerfile: on('RUN echo 1 > /f && ln /f /g\nRUN ln /f /h && echo 2 >> /g') },
  {
    name: 'names that are odd',
    dockerfile: on(
      "RUN mkdir '/a b' && touch '/a b/ü' /-dash '/a b/tab\t' '/star*' \"/quo'te\" && touch \"/$(printf 'x%.0s' $(seq 200))\"",
    ),
  },
  {
    name: 'a long path',
    dockerfile: on(
      'RUN p=/$(printf "folder-number-one/%.0s" $(seq 12)) && mkdir -p $p && touch $p/file && ln -s $p/file /l',
    ),
  },
  {
    name: 'a sparse and a large file',
    dockerfile: on(
      'RUN truncate -s 3M /sparse && printf end >> /sparse && dd if=/dev/zero of=/zero bs=64k count=5 2>/dev/null',
    ),
  },
  {
    name: 'mount points and pseudo files',
    dockerfile: on(
      'RUN ls -d /proc/self /sys/fs /dev/null /dev/pts /dev/shm > /list; touch /dev/shm/x; touch /tmp/x\nRUN ls /dev/shm > /shm; ls -A /tmp > /tmp/list',
    ),
  },
  {
    name: 'resolv.conf and hosts stay out of the image',
    dockerfile: on('RUN cat /etc/hosts /etc/resolv.conf > /dev/null; ls -A /etc > /list'),
  },
  {
    name: 'resolv.conf of the image stays',
    dockerfile: on('COPY resolv.conf hosts /etc/\nRUN true'),
    files: { 'resolv.conf': 'own\n', hosts: 'own\n' },
  },
  { name: 'hostname', dockerfile: on('RUN hostname > /name; cat /etc/hostname >> /name 2>/dev/null; true') },
  {
    name: '--network=none',
    dockerfile: on('RUN --network=none ip -o link > /n; cat /proc/net/dev | wc -l >> /n'),
  },
  { name: '--network=default', dockerfile: on('RUN --network=default true > /x') },
  { name: '--network=host without leave', dockerfile: on('\nRUN --network=host true'), expect: 'failure' },
  {
    name: '--network=host',
    dockerfile: on('RUN --network=host wc -l < /proc/net/dev > /n'),
    flags: { polyarch: ['--allow', 'network.host'], buildctl: ['--allow', 'network.host'] },
  },
  { name: '--network that is none', dockerfile: on('\nRUN --network=bridge true'), expect: 'failure' },
  { name: '--security=insecure without leave', dockerfile: on('\nRUN --security=insecure true'), expect: 'failure' },
  {
    name: '--security=insecure',
    dockerfile: on('RUN --security=insecure grep CapEff /proc/self/status | cut -c1-7 > /c'),
    flags: { polyarch: ['--allow', 'security.insecure'], buildctl: ['--allow', 'security.insecure'] },
  },
  {
    name: '--security=sandbox and its capabilities',
    dockerfile: on(
      'RUN --security=sandbox grep -E "^Cap(Eff|Bnd|Amb)" /proc/self/status > /c; ulimit -n > /n; umask > /u',
    ),
  },
  {
    name: 'capabilities of a user',
    dockerfile: on('USER 33\nRUN grep -E "^(Cap|NoNewPrivs|Groups)" /proc/self/status > /tmp/c'),
  },
  { name: '--device that is not there', dockerfile: on('\nRUN --device=vendor.example/none true') },
  {
    name: '--add-host',
    dockerfile: on('RUN grep one.test /etc/hosts > /h; ls /etc/hosts'),
    flags: { polyarch: ['--add-host', 'one.test:10.1.2.3'], buildctl: ['--opt', 'add-hosts=one.test=10.1.2.3'] },
  },
  {
    name: '--shm-size',
    dockerfile: on("RUN df -k /dev/shm | tail -1 | awk '{print $2}' > /size"),
    flags: { polyarch: ['--shm-size', '8388608'], buildctl: ['--opt', 'shm-size=8388608'] },
  },
  {
    name: '--ulimit',
    dockerfile: on('RUN ulimit -n > /n; ulimit -Hn > /h'),
    flags: { polyarch: ['--ulimit', 'nofile=111:222'], buildctl: ['--opt', 'ulimit=nofile=111:222'] },
  },
  { name: 'a step that fails', dockerfile: on('RUN true\nRUN echo a && \\\n  false\nRUN true'), expect: 'failure' },
  {
    name: 'a device that is not there and required',
    dockerfile: on('\nRUN --device=vendor.example/none,required true'),
    expect: 'failure',
  },
  { name: 'a program that is not there', dockerfile: on('\nRUN ["/no/such/program"]'), expect: 'failure' },
  { name: 'a step in an empty image', dockerfile: 'FROM scratch\nRUN true\n', expect: 'failure' },
  { name: 'a step without words', dockerfile: on('\nRUN') },
  { name: 'a background process ends with its step', dockerfile: on('RUN (sleep 100; touch /late) & touch /early') },
];
