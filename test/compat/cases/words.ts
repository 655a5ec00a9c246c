import type { CompatCase } from '../case.ts';

const SET = 'FROM scratch\nENV set=value empty= path=/srv/app/app.tar.gz list="one two" stars=a*b?c\n';
const labels = (...words: string[]): string => words.map((word, index) => `LABEL l${index}=${word}\n`).join('');

/** Quotes, escapes and variables in words. */
export const cases: readonly CompatCase[] = [
  {
    name: 'plain variables',
    dockerfile:
      SET +
      labels(
        '$set',
        '${set}',
        '$setx',
        '${set}x',
        '$unset',
        '$',
        '$$',
        'a$1b',
        '"$set"',
        "'$set'",
        '\\$set',
        '"\\$set"',
        '$set$set',
      ),
  },
  {
    name: 'defaults and alternatives',
    dockerfile:
      SET +
      labels('${set:-d}', '${empty:-d}', '${unset:-d}', '${set-d}', '${empty-d}', '${unset-d}') +
      labels('${set:+a}', '${empty:+a}', '${unset:+a}', '${set+a}', '${empty+a}', '${unset+a}').replaceAll(
        'LABEL l',
        'LABEL m',
      ),
  },
  { name: 'required variables that are there', dockerfile: SET + labels('${set:?no}', '${set?no}', '${empty?no}') },
  {
    name: 'a required variable that is empty',
    dockerfile: `${SET}LABEL a=b\nLABEL c=\${empty:?must not be empty}\n`,
    expect: 'failure',
  },
  {
    name: 'a required variable that is not there',
    dockerfile: `${SET}LABEL a=1 \\\n  b=\${unset?gone}\n`,
    expect: 'failure',
  },
  {
    name: 'patterns at both ends',
    dockerfile:
      SET +
      labels(
        '${path#*/}',
        '${path##*/}',
        '${path%.*}',
        '${path%%.*}',
        '${path#x}',
        '${stars#a\\*}',
        '${stars%\\?c}',
        '${set#?}',
        '${unset#a}',
      ),
  },
  {
    name: 'replacements',
    dockerfile:
      SET +
      labels(
        '${path/app/lib}',
        '${path//app/lib}',
        '${path//\\//-}',
        '${path/*app/x}',
        '${set//?/.}',
        '${set/a/}',
        '${unset/a/b}',
        '${set/a/$empty}',
        '${set/[a-z]/b}',
      ),
  },
  {
    name: 'nesting',
    dockerfile:
      SET +
      labels(
        '${unset:-${set}}',
        '${unset:-${gone:-${set:+deep}}}',
        '${unset:-"$set"}',
        '${unset:-a\\}b}',
        '"${unset:-$list}"',
        '"${unset:-\'q\'}"',
      ),
  },
  {
    name: 'quotes and escapes',
    dockerfile:
      'FROM scratch\nLABEL a="b c" d=\'e "f"\' g=h\\ i j="k\\"l" m="n\\\\o" p="q\\r" s=t\\u v=w"x y"\'z\' "k e y"=v k\\ 2=w\n',
  },
  {
    name: 'quotes and escapes with a backtick',
    dockerfile:
      '# escape=`\nFROM scratch\nENV set=value\nLABEL a=C:\\dir\\ b="c`"d" e=f` g h=`$set i="`$set" j=\'k`l\' m=${unset:-`}x} p=\\$set q=${set#v} r=${set/a/`/}\n',
  },
  { name: 'an open quote', dockerfile: 'FROM scratch\nENV a=b\nWORKDIR "/a\n', expect: 'failure' },
  { name: 'an open brace', dockerfile: 'FROM scratch\nENV a=${b\n', expect: 'failure' },
  { name: 'a modifier that is not known', dockerfile: 'FROM scratch\nENV a=b\n\nWORKDIR /${a^^}\n', expect: 'failure' },
  { name: 'an empty substitution', dockerfile: 'FROM scratch\nUSER ${}\n', expect: 'failure' },
  {
    name: 'variables in every instruction that takes them',
    dockerfile:
      'ARG img=busybox\nARG plat=linux/amd64\nFROM --platform=$plat ${img}:latest\nENV u=1000 d=/srv p=80 s=TERM f=file v=/v k=key c=file m=640\nUSER $u:$u\nWORKDIR ${d}/x\nEXPOSE ${p}80/tcp $p\nSTOPSIGNAL SIG$s\nVOLUME $v "${v}2"\nLABEL $k=$k "${k}2"=\'$k\'\nCOPY --chown=$u:$u --chmod=$m ${f}* $d/\nADD $f ${d}/add\nCMD echo $u\nENTRYPOINT ["$u"]\nHEALTHCHECK CMD $u\nENV $k=1 ${k}_b=2\n',
    files: { file: 'x', file2: 'y' },
  },
  {
    name: 'an instruction sees its values as they were before it',
    dockerfile: 'FROM scratch\nENV a=1\nENV a=2 b=$a\nENV c=$b d=$c\nLABEL a=$a b=$b c=$c d=$d\n',
  },
  {
    name: 'the older form of ENV and LABEL',
    dockerfile: 'FROM scratch\nENV a  b c "d" \\e\nLABEL k  v "w"  x\nENV p $a$a\n',
  },
  { name: 'values with equal signs and none', dockerfile: 'FROM scratch\nENV a=b=c d== e= f=""\nLABEL g= h=i=j\n' },
  { name: 'a variable that is an instruction', dockerfile: 'FROM scratch\nENV a\n', expect: 'failure' },
  { name: 'names beyond ASCII', dockerfile: 'FROM scratch\nENV é=ü ключ=знач\nLABEL a=$é b=${ключ}x c=$keyé d=日本\n' },
  {
    name: 'port lists in one variable',
    dockerfile: 'FROM scratch\nENV ports="80 443/udp 1000-1002"\nEXPOSE $ports 53/sctp\n',
  },
];
