import type { CompatCase } from '../case.ts';

const on = (text: string): string => `FROM busybox\n${text}\n`;
const FILES = { a: 'a\n', 'd/b': 'b\n', 'd/c': { text: 'c\n', mode: 0o600, owner: [9, 9] as const } };
const STAT = "stat -c '%n %F %a %u %g %s'";

/** RUN --mount of every kind and option, seen through what a step writes down. */
export const cases: readonly CompatCase[] = [
  {
    name: 'bind, the context',
    dockerfile: on(
      `RUN --mount=target=/ctx find /ctx | sort > /list; ${STAT} /ctx/a /ctx/d/c > /stat; cat /ctx/d/b > /b`,
    ),
    files: FILES,
  },
  {
    name: 'bind, a folder of the context',
    dockerfile: on('RUN --mount=type=bind,source=d,target=/d cat /d/b > /b; ls -la /d | wc -l > /n'),
    files: FILES,
  },
  {
    name: 'bind, one file',
    dockerfile: on(`RUN --mount=type=bind,source=a,target=/etc/a cat /etc/a > /b; ${STAT} /etc/a > /stat`),
    files: FILES,
  },
  {
    name: 'bind, what it leaves',
    dockerfile: on('RUN --mount=target=/new/place,source=d ls /new/place > /list'),
    files: FILES,
  },
  {
    name: 'bind, read-only',
    dockerfile: on('RUN --mount=target=/ctx touch /ctx/x 2>/dev/null && echo written > /r || echo refused > /r'),
    files: FILES,
  },
  {
    name: 'bind, written to',
    dockerfile: on(
      'RUN --mount=target=/ctx,rw touch /ctx/x && ls /ctx > /list\nRUN --mount=target=/ctx,readwrite=true ls /ctx > /list2',
    ),
    files: FILES,
  },
  {
    name: 'bind, of a stage',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir /o && echo 1 > /o/f && chown 4:5 /o/f\nFROM busybox\nRUN --mount=from=s,source=/o,target=/o cat /o/f > /f; stat -c "%u %g" /o/f > /stat',
  },
  {
    name: 'bind, of an image',
    dockerfile: on('RUN --mount=from=alpine,target=/alpine ls /alpine/bin | head -3 > /list'),
  },
  {
    name: 'bind, of a stage, written to',
    dockerfile:
      'FROM busybox AS s\nRUN echo 1 > /f\nFROM busybox\nRUN --mount=from=s,target=/s,rw echo 2 > /s/f && cat /s/f > /two\nRUN --mount=from=s,target=/s cat /s/f > /one',
  },
  {
    name: 'bind, to a relative place',
    dockerfile: on('WORKDIR /w\nRUN --mount=target=rel,source=d ls rel > list'),
    files: FILES,
  },
  {
    name: 'bind, with variables',
    dockerfile: on('ARG where=/v\nENV what=d\nRUN --mount=target=$where,source=${what} ls /v > /list'),
    files: FILES,
  },
  {
    name: 'bind, of a source that is not there',
    dockerfile: on('\nRUN --mount=target=/x,source=none ls /x'),
    files: FILES,
    expect: 'failure',
  },
  {
    name: 'bind, without a target',
    dockerfile: on('\nRUN --mount=type=bind,source=d ls'),
    files: FILES,
    expect: 'failure',
  },
  { name: 'bind, over the root', dockerfile: on('\nRUN --mount=target=/ ls'), files: FILES, expect: 'failure' },
  {
    name: 'cache, kept between steps',
    dockerfile: on(
      'RUN --mount=type=cache,id=kept,target=/c echo 1 > /c/f\nRUN --mount=type=cache,id=kept,target=/d cat /d/f > /one; ls / > /gone',
    ),
  },
  {
    name: 'cache, its owner and mode',
    dockerfile: on(
      `RUN --mount=type=cache,id=owned,target=/c,uid=33,gid=34,mode=0750 ${STAT} /c > /stat\nRUN --mount=type=cache,id=plain,target=/e ${STAT} /e > /stat2`,
    ),
  },
  {
    name: 'cache, begun with a stage',
    dockerfile:
      'FROM busybox AS s\nRUN mkdir -p /seed && echo 1 > /seed/f\nFROM busybox\nRUN --mount=type=cache,id=seeded,target=/c,from=s,source=/seed cat /c/f > /f; touch /c/g\nRUN --mount=type=cache,id=seeded,target=/c,from=s,source=/seed ls /c > /list',
  },
  {
    name: 'cache, read-only',
    dockerfile: on(
      'RUN --mount=type=cache,id=ro,target=/c,ro touch /c/x 2>/dev/null && echo written > /r || echo refused > /r',
    ),
  },
  {
    name: 'cache, private',
    dockerfile: on(
      'RUN --mount=type=cache,id=priv,target=/c,sharing=private touch /c/1\nRUN --mount=type=cache,id=priv,target=/c,sharing=locked ls /c > /list',
    ),
  },
  {
    name: 'cache, by its target',
    dockerfile: on(
      'RUN --mount=type=cache,target=/var/by-target echo 1 > /var/by-target/f\nRUN --mount=type=cache,target=/var/by-target cat /var/by-target/f > /f',
    ),
  },
  {
    name: 'cache, two in one step',
    dockerfile: on(
      'RUN --mount=type=cache,id=t1,target=/a --mount=type=cache,id=t2,target=/a/b echo 1 > /a/b/f; ls -R /a > /list',
    ),
  },
  {
    name: 'cache, of a user',
    dockerfile: on(
      'USER 33\nRUN --mount=type=cache,id=user,target=/c touch /c/f 2>/dev/null && echo written > /tmp/r || echo refused > /tmp/r',
    ),
  },
  {
    name: 'cache, a sharing that is none',
    dockerfile: on('\nRUN --mount=type=cache,target=/c,sharing=some true'),
    expect: 'failure',
  },
  {
    name: 'cache, a mode that is none',
    dockerfile: on('\nRUN --mount=type=cache,target=/c,mode=rwx true'),
    expect: 'failure',
  },
  {
    name: 'tmpfs',
    dockerfile: on('RUN --mount=type=tmpfs,target=/t touch /t/f && mount | grep " /t " | cut -d" " -f5 > /kind'),
  },
  {
    name: 'tmpfs with a size',
    dockerfile: on("RUN --mount=type=tmpfs,target=/t,size=4m df -k /t | tail -1 | awk '{print $2}' > /size"),
  },
  {
    name: 'tmpfs over what is there',
    dockerfile: on('RUN mkdir /t && touch /t/old\nRUN --mount=type=tmpfs,target=/t ls /t > /list'),
  },
  {
    name: 'secret, at its place',
    dockerfile: on(`RUN --mount=type=secret,id=s cat /run/secrets/s > /s; ${STAT} /run/secrets/s > /stat`),
    secrets: { s: 'hush' },
  },
  {
    name: 'secret, with every option',
    dockerfile: on(
      `RUN --mount=type=secret,id=s,target=/root/key,uid=33,gid=34,mode=0440 cat /root/key > /s; ${STAT} /root/key > /stat`,
    ),
    secrets: { s: 'hush' },
  },
  {
    name: 'secret, in the environment',
    dockerfile: on('RUN --mount=type=secret,id=s,env=S echo "$S" > /s; ls /run/secrets > /list 2>&1 || true'),
    secrets: { s: 'hush' },
  },
  {
    name: 'secret, in both',
    dockerfile: on('RUN --mount=type=secret,id=s,env=S,target=/k echo "$S" > /s; cat /k >> /s'),
    secrets: { s: 'hush' },
  },
  {
    name: 'secret, relative target',
    dockerfile: on('WORKDIR /w\nRUN --mount=type=secret,id=s,target=k cat /w/k > /s'),
    secrets: { s: 'hush' },
  },
  {
    name: 'secret that is not given',
    dockerfile: on(
      'RUN --mount=type=secret,id=none ls /run/secrets/none 2>/dev/null && echo there > /r || echo not > /r',
    ),
  },
  {
    name: 'secret that is required and not given',
    dockerfile: on('\nRUN --mount=type=secret,id=none,required true'),
    expect: 'failure',
  },
  {
    name: 'secret by its target',
    dockerfile: on('RUN --mount=type=secret,target=/x/s cat /x/s > /s'),
    secrets: { s: 'hush' },
  },
  {
    name: 'ssh agent',
    dockerfile: on(`RUN --mount=type=ssh echo "$SSH_AUTH_SOCK" > /sock; ${STAT} "$SSH_AUTH_SOCK" > /stat`),
    ssh: true,
  },
  {
    name: 'ssh agent with every option',
    dockerfile: on(
      `RUN --mount=type=ssh,target=/run/my.sock,uid=33,gid=34,mode=0640,required ${STAT} /run/my.sock > /stat; echo "$SSH_AUTH_SOCK" >> /stat`,
    ),
    ssh: true,
  },
  { name: 'ssh agent that is not given', dockerfile: on('RUN --mount=type=ssh echo "[$SSH_AUTH_SOCK]" > /sock') },
  {
    name: 'ssh agent that is required and not given',
    dockerfile: on('\nRUN --mount=type=ssh,required true'),
    expect: 'failure',
  },
  { name: 'a type that is none', dockerfile: on('\nRUN --mount=type=bin,target=/x true'), expect: 'failure' },
  {
    name: 'an option that is none',
    dockerfile: on('\nRUN --mount=type=cache,target=/x,shared true'),
    expect: 'failure',
  },
  {
    name: 'an option of another type',
    dockerfile: on('\nRUN --mount=type=tmpfs,target=/x,uid=3 true'),
    expect: 'failure',
  },
  {
    name: 'variables in owners and modes',
    dockerfile: on(
      `ENV u=33 m=50\nRUN --mount=type=cache,id=numbers,target=/c,uid=$u,gid=3\${u},mode=07$m ${STAT} /c > /stat\nRUN --mount=type=secret,id=s,uid=$u,mode=04\${m} ${STAT} /run/secrets/s > /secret`,
    ),
    secrets: { s: 'hush' },
  },
  {
    name: 'variables in ids and targets',
    dockerfile: on(
      'ARG id=vars\nENV t=/t\nRUN --mount=type=cache,id=${id}2,target=${t}c touch /tc/f\nRUN --mount=type=cache,id=vars2,target=/x --mount=type=secret,id=$id,target=$t/k --mount=type=tmpfs,target=/${id} ls /x $t / > /list',
    ),
    secrets: { vars: 'hush' },
  },
  {
    name: 'several mounts over one another',
    dockerfile: on(
      'RUN --mount=target=/m,source=d --mount=type=tmpfs,target=/n --mount=source=a,target=/n/a find /m /n -type f | sort > /list',
    ),
    files: FILES,
  },
  {
    name: 'mounts on a foreign platform',
    dockerfile: on(
      'RUN --mount=target=/ctx --mount=type=cache,id=foreign,target=/c --mount=type=secret,id=s --mount=type=tmpfs,target=/t cat /ctx/a /run/secrets/s > /all; uname -m >> /all',
    ),
    files: FILES,
    secrets: { s: 'hush' },
    platforms: ['linux/arm64'],
  },
  {
    name: 'options by their other names',
    dockerfile: on(
      'RUN --mount=type=bind,src=d,dst=/x,readonly=false touch /x/n && ls /x > /bind\nRUN --mount=source=d,destination=/x,ro=true touch /x/n 2>/dev/null || ls /x > /ro\nRUN --mount=type=cache,id=other-names,dst=/c,readonly touch /c/f 2>/dev/null || echo refused > /cache\nRUN --mount=type=tmpfs,dst=/t,size=1.5m df -k /t | tail -1 > /tmpfs\nRUN --mount=type=secret,source=s,destination=/k cat /k > /secret',
    ),
    files: FILES,
    secrets: { s: 'hush' },
  },
  {
    name: 'secret, with a source and an id',
    dockerfile: on('\nRUN --mount=type=secret,id=s,src=other true'),
    secrets: { s: 'hush', other: 'other' },
    expect: 'failure',
  },
  {
    name: 'ssh agent by its id',
    dockerfile: on(
      `RUN --mount=type=ssh,id=mine ${STAT} "$SSH_AUTH_SOCK" > /stat\nRUN --mount=type=ssh echo "[$SSH_AUTH_SOCK]" > /default`,
    ),
    ssh: 'mine',
  },
];
