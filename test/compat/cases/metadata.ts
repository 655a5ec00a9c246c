import type { CompatCase } from '../case.ts';

/** The config that instructions make, its history, and what stages hand on. */
export const cases: readonly CompatCase[] = [
  { name: 'nothing but a base', dockerfile: 'FROM busybox\n' },
  { name: 'nothing at all', dockerfile: 'FROM scratch\n' },
  { name: 'a base’s config goes on', dockerfile: 'FROM alpine\nLABEL a=b\n' },
  {
    name: 'ports',
    dockerfile: 'FROM scratch\nEXPOSE 80 443/tcp 53/udp 9/sctp 8000-8003 90-91/udp\nEXPOSE 1\nEXPOSE 1\n',
  },
  {
    name: 'ports in capitals and of the host',
    dockerfile: 'FROM scratch\nEXPOSE 80/TCP 81/Udp\nEXPOSE 8080:80 127.0.0.1:90:91 [::1]:92:93/udp\n',
  },
  { name: 'a port of no protocol', dockerfile: 'FROM scratch\nEXPOSE 80\nEXPOSE 80/icmp\n', expect: 'failure' },
  { name: 'a port that is none', dockerfile: 'FROM scratch\n\nEXPOSE 70000\n', expect: 'failure' },
  { name: 'a range backwards', dockerfile: 'FROM scratch\nEXPOSE 90-80\n', expect: 'failure' },
  {
    name: 'a health check with all flags',
    dockerfile:
      'FROM scratch\nHEALTHCHECK --interval=1m30s --timeout=500ms --start-period=2h --start-interval=1.5s --retries=4 CMD a $b "c"\n',
  },
  { name: 'a health check in JSON', dockerfile: 'FROM scratch\nHEALTHCHECK --retries=0 CMD [ "a", "b c" ]\n' },
  { name: 'no health check', dockerfile: 'FROM scratch AS a\nHEALTHCHECK CMD x\nFROM a\nHEALTHCHECK NONE\n' },
  { name: 'the last health check', dockerfile: 'FROM scratch\nHEALTHCHECK --timeout=5s CMD x\nHEALTHCHECK CMD y\n' },
  { name: 'a health check of no kind', dockerfile: 'FROM scratch\nHEALTHCHECK EXEC x\n', expect: 'failure' },
  {
    name: 'a health check with a bad time',
    dockerfile: 'FROM scratch\nLABEL a=b\nHEALTHCHECK --interval=soon CMD x\n',
    expect: 'failure',
  },
  {
    name: 'labels',
    dockerfile: 'FROM scratch\nLABEL b=1 a="x y" "c d"=e\nLABEL a=2 f= g=\'$h\' com.example.k="multi\\\nline"\n',
    labels: { a: 'given', z: '1' },
  },
  { name: 'a maintainer', dockerfile: 'FROM scratch\nMAINTAINER  Some One <one@example.test> # x\n' },
  {
    name: 'a shell',
    dockerfile:
      'FROM busybox\nSHELL ["/bin/sh", "-eu", "-c"]\nRUN echo $- > /flags\nCMD a b\nENTRYPOINT c\nHEALTHCHECK CMD d\n',
  },
  {
    name: 'a shell of a base',
    dockerfile: 'FROM busybox AS a\nSHELL ["/bin/sh", "-e", "-c"]\nFROM a\nRUN true\nCMD x\n',
  },
  { name: 'a shell without JSON', dockerfile: 'FROM scratch\nSHELL /bin/sh\n', expect: 'failure' },
  { name: 'signals', dockerfile: 'FROM scratch AS a\nSTOPSIGNAL 9\nFROM a\nSTOPSIGNAL SIGRTMIN+3\n' },
  { name: 'a signal by its short name', dockerfile: 'FROM scratch\nSTOPSIGNAL kill\n' },
  { name: 'a signal that is none', dockerfile: 'FROM scratch\nSTOPSIGNAL SIGNONE\n', expect: 'failure' },
  { name: 'the signal 0', dockerfile: 'FROM scratch\nSTOPSIGNAL 0\n', expect: 'failure' },
  { name: 'ENTRYPOINT drops the CMD of the base', dockerfile: 'FROM busybox\nENTRYPOINT ["e"]\n' },
  { name: 'ENTRYPOINT keeps the CMD of its stage', dockerfile: 'FROM busybox\nCMD ["c"]\nENTRYPOINT ["e"]\n' },
  {
    name: 'ENTRYPOINT drops the CMD of another stage',
    dockerfile: 'FROM scratch AS a\nCMD ["c"]\nFROM a\nENTRYPOINT e\n',
  },
  {
    name: 'CMD after ENTRYPOINT of the base',
    dockerfile: 'FROM scratch AS a\nENTRYPOINT ["e"]\nCMD ["c"]\nFROM a\nCMD ["d"]\n',
  },
  { name: 'CMD and ENTRYPOINT twice', dockerfile: 'FROM scratch\nCMD a\nENTRYPOINT b\nCMD c\nENTRYPOINT d\n' },
  {
    name: 'history of every instruction',
    dockerfile:
      'FROM busybox\nARG a=1\nENV e=$a f="x y"\nLABEL l=$a\nCOPY --chown=1:1 --chmod=755 x y /d/\nADD x /z\nCOPY <<H /h\nH\nRUN --mount=type=tmpfs,target=/t  echo   $a\nRUN ["true", "a b"]\nWORKDIR /w\nWORKDIR sub\nUSER 1:2\nVOLUME /v /w\nEXPOSE 80 70-71\nSTOPSIGNAL 9\nHEALTHCHECK --interval=3s CMD x\nONBUILD RUN y\nSHELL ["/bin/sh","-c"]\nCMD c "d"\nENTRYPOINT ["e", "f"]\nMAINTAINER m\nCOPY --link x /l\nCOPY --from=busybox /bin/sh /s\n',
    files: { x: 'x', y: 'y' },
  },
  {
    name: 'history of flags, heredocs and remote sources',
    dockerfile:
      'FROM busybox\nARG a=1\nRUN --network=none --security=sandbox true\nRUN <<E\necho $a\nE\nRUN cat <<"E" <<F > /x\n$a\nE\n$a\nF\nCOPY --parents --exclude=y --chmod=u=rw x /p/\nCOPY --link --chown=1 <<E x /d/\n$a\nE\nADD --unpack=false --chmod=600 x /u\nADD {{http}}/file.txt /f\nADD --keep-git-dir=false {{git}}/repo.git#main:sub /g/\nHEALTHCHECK NONE\nENTRYPOINT []\nCMD []\nEXPOSE $a\nLABEL x="$a y"\nENV  b  c d\nUSER $a\nrun  true   \\\n  # gone\n   x=\\\ny\n',
    files: { x: 'x' },
  },
  { name: 'volumes', dockerfile: 'FROM scratch\nVOLUME /a /b\nVOLUME ["/c", "d e"]\nVOLUME "/q"\n' },
  { name: 'an empty volume', dockerfile: 'FROM scratch\nVOLUME ["/a", ""]\n', expect: 'failure' },
  { name: 'users', dockerfile: 'FROM scratch AS a\nUSER one\nFROM a\nLABEL x=y\nUSER 0:0\nUSER two:three\n' },
  {
    name: 'triggers are noted and not run',
    dockerfile: 'FROM scratch\nONBUILD COPY . /x\nonbuild run  a \\\n  b\nONBUILD LABEL a="b c"\n',
  },
  {
    name: 'triggers run in the next stage and end there',
    dockerfile:
      'FROM busybox AS a\nONBUILD LABEL one=1\nONBUILD RUN echo run > /r\nONBUILD COPY <<H /h\nbody\nH\nONBUILD CMD ["t"]\nFROM a AS b\nLABEL two=2\nFROM b\nLABEL three=3\n',
  },
  { name: 'a trigger of a trigger', dockerfile: 'FROM scratch\nONBUILD ONBUILD RUN x\n', expect: 'failure' },
  {
    name: 'a trigger that begins a stage',
    dockerfile: 'FROM scratch\nLABEL a=b\nONBUILD FROM scratch\n',
    expect: 'failure',
  },
  {
    name: 'a trigger that is no instruction',
    dockerfile: 'FROM scratch AS a\nONBUILD NONSENSE x\nFROM a\nLABEL a=b\n',
    expect: 'failure',
  },
  {
    name: 'stages that nothing needs are not built',
    dockerfile:
      'FROM missing.test/none AS gone\nRUN false\nFROM busybox AS unused\nRUN exit 1\nFROM scratch AS wanted\nLABEL a=b\nFROM unused\nRUN false\n',
    target: 'wanted',
  },
  {
    name: 'stages by number, name and later name',
    dockerfile:
      'FROM scratch AS one\nCOPY a /\nFROM scratch\nCOPY --from=0 /a /b\nFROM scratch AS Three\nCOPY --from=1 /b /c\nCOPY --from=ONE /a /a\nFROM three\nCOPY --from=three /c /d\n',
    files: { a: 'x' },
  },
  { name: 'a stage named twice', dockerfile: 'FROM scratch AS a\nLABEL n=1\nFROM scratch AS a\nLABEL n=2\nFROM a\n' },
  {
    name: 'a copy from a later stage',
    dockerfile: 'FROM scratch AS a\nCOPY --from=b /x /x\nFROM scratch AS b\nCOPY x /\nFROM a\n',
    files: { x: '' },
    expect: 'failure',
  },
  {
    name: 'stages in a circle',
    dockerfile: 'FROM busybox AS a\nCOPY --from=b /x /x\nFROM busybox AS b\nCOPY --from=a /x /x\n',
    expect: 'failure',
  },
  {
    name: 'a stage that needs itself',
    dockerfile: 'FROM busybox AS a\nRUN --mount=from=a,target=/x true\n',
    expect: 'failure',
  },
  {
    name: 'a stage by a number that there is not',
    dockerfile: 'FROM scratch\nCOPY --from=7 /x /x\n',
    expect: 'failure',
  },
  {
    name: 'a step that fails',
    dockerfile: 'FROM busybox\nRUN true\nRUN echo one && \\\n  exit 3\n',
    expect: 'failure',
  },
  {
    name: 'a working folder that grows',
    dockerfile: 'FROM scratch\nWORKDIR a\nWORKDIR b/../c\nWORKDIR /x/./y//z\nWORKDIR w/\n',
  },
  {
    name: 'PATH where the base has none, and where it has one',
    dockerfile: 'FROM scratch\nENV A=b\nENV PATH=$PATH:/x\n',
  },
];
