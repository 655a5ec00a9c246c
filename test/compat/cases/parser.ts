import type { CompatCase } from '../case.ts';

const BOM = '\uFEFF';

/** Directives, lines, comments, heredocs, JSON forms and flags. */
export const cases: readonly CompatCase[] = [
  {
    name: 'directives after one another, in any case, with blanks',
    dockerfile: '#ESCAPE = `\n#  Check=skip=all\nFROM scratch\nLABEL a=b `\n  c=C:\\d\n',
  },
  {
    name: 'a comment ends the directives',
    dockerfile: '# hello\n# escape=`\nFROM scratch\nLABEL a=b \\\n  c=d`\n',
  },
  { name: 'an empty line ends the directives', dockerfile: '\n# escape=`\nFROM scratch\nLABEL a=b \\\n  c=d\n' },
  {
    name: 'an unknown directive is a comment',
    dockerfile: '# shape=round\n# escape=`\nFROM scratch\nLABEL a=1 \\\n b=2\n',
  },
  { name: 'an escape directive twice', dockerfile: '# escape=`\n# escape=`\nFROM scratch\n', expect: 'failure' },
  { name: 'an escape token that is none', dockerfile: '# escape=!\nFROM scratch\n', expect: 'failure' },
  { name: 'a byte order mark', dockerfile: `${BOM}# escape=\`\nFROM scratch\nLABEL a=\`"b\`"\n` },
  { name: 'a byte order mark and nothing else', dockerfile: `${BOM}FROM scratch\nLABEL a=b\n` },
  {
    name: 'carriage returns at line ends',
    dockerfile: 'FROM scratch\r\nLABEL a=1 \\\r\n  b=2\r\n\r\n# x\r\nCOPY <<E /e\r\nbody\r\nE\r\nCMD ["x"]\r\n',
  },
  {
    name: 'comments and empty lines within an instruction',
    dockerfile:
      'FROM scratch\nLABEL a=1 \\\n# a comment\n\n   # an indented one\n  b=2 \\\n#\n  c="3 # not one"\nENV X=1 # Y=2\n',
    expect: 'failure',
  },
  {
    name: 'comments between continued lines',
    dockerfile:
      'FROM scratch\nLABEL a=1 \\\n# a comment\n   # an indented one\n  b=2 \\\n#\n  c="3 # not one"\nCMD x # stays\n',
  },
  { name: 'blanks behind the continuation', dockerfile: 'FROM scratch\nLABEL a=1 \\  \n  b=2 \\\t\n c=3\n' },
  { name: 'a doubled escape does not continue', dockerfile: 'FROM scratch\nCMD a\\\\\nLABEL b=c\n' },
  { name: 'a continuation as the last line', dockerfile: 'FROM scratch\nLABEL a=b \\' },
  { name: 'a word continued without a blank', dockerfile: 'FROM scratch\nLABEL ab\\\ncd=e\\\nf\n' },
  {
    name: 'quotes over continued lines',
    dockerfile: 'FROM scratch\nLABEL a="one \\\n   two" b=\'three \\\n four\'\n',
  },
  {
    name: 'an instruction in small letters, indented',
    dockerfile: 'from scratch\n   label a=b\n\tenv c=d\nCmd ["x"]\n',
  },
  { name: 'tabs between words', dockerfile: 'FROM\tscratch\tAS\tx\nLABEL\ta=b\tc=d\n' },
  {
    name: 'a heredoc with and without variables',
    dockerfile:
      'FROM scratch\nARG v=value\nENV w=\\$x\nCOPY <<A <<"B" <<\'C\' /d/\n$v ${v:-x} \\$v "q" \'s\' $w\\\nnext\nA\n$v ${v}\nB\n$v\nC\n',
  },
  {
    name: 'a heredoc whose tabs go',
    dockerfile: 'FROM scratch\nCOPY <<-A /a\n\tone\n\t\ttwo\n  three\n\tfour\tfive\n\tA\nCOPY <<A /b\n\tA\nA\n',
  },
  { name: 'an empty heredoc', dockerfile: 'FROM scratch\nCOPY <<A /a\nA\n' },
  {
    name: 'heredocs with a folder, a name of their own and a mode',
    dockerfile:
      'FROM scratch\nCOPY --chmod=600 --chown=1:2 <<one.txt <<two.txt /d/\n1\none.txt\n2\ntwo.txt\nADD <<x /y\nz\nx\n',
  },
  {
    name: 'heredocs of RUN',
    dockerfile:
      'FROM busybox\nARG v=arg\nRUN <<A\necho "$v" > /a\necho b > /b\nA\nRUN cat <<A > /c && cat <<"B" > /d\n$v\nA\n$v\nB\nRUN <<-\'E\'\n\techo $v > /e\n\tE\nRUN <<S\n#!/bin/sh -e\necho script $v > /s\nS\nRUN cat 0<<X >/x\nfd\nX\n',
  },
  {
    name: 'a heredoc for another interpreter',
    dockerfile:
      'FROM busybox\nRUN <<E awk \'{ print $1 > "/out" }\'\none two\nthree four\nE\nRUN 5<<E cat <&5 > /five\nx\nE\n',
  },
  {
    name: 'what looks like a heredoc and is none',
    dockerfile: 'FROM busybox\nRUN echo "<<E" > /a; echo $((1<<2)) > /b\nCMD <<E\nLABEL E=1\n',
  },
  { name: 'a heredoc that never ends', dockerfile: 'FROM scratch\n\nCOPY <<E /a\nx\n E\n', expect: 'failure' },
  {
    name: 'a heredoc as destination',
    dockerfile: 'FROM scratch\nCOPY a <<E\nE\n',
    files: { a: '' },
    expect: 'failure',
  },
  {
    name: 'JSON forms',
    dockerfile:
      'FROM busybox\nSHELL ["/bin/sh", "-ec"]\nRUN ["/bin/sh", "-c", "echo $0 > /a", "zero"]\nENTRYPOINT [ "a" , "b\\u0041\\n" ]\nCMD ["$x", "\\"q\\""]\nVOLUME ["/v 1", "/v2"]\nHEALTHCHECK CMD ["true", "x"]\nCOPY ["a b", "/c d/"]\n',
    files: { 'a b': 'x' },
  },
  {
    name: 'JSON forms that are none',
    dockerfile: 'FROM scratch\nENTRYPOINT [\'a\', \'b\']\nCMD ["a", "b"\nVOLUME [/v]\nHEALTHCHECK CMD [a]\n',
  },
  { name: 'JSON with a number in it', dockerfile: 'FROM scratch\nCMD ["a"]\nENTRYPOINT ["a", 1]\n', expect: 'failure' },
  { name: 'JSON of nothing', dockerfile: 'FROM busybox\nCMD []\nENTRYPOINT []\n' },
  { name: 'JSON with a trailing comma', dockerfile: 'FROM scratch\nCMD ["a", "b",]\n' },
  {
    name: 'flags in quotes, with escapes, and the end of flags',
    dockerfile:
      'FROM scratch\nCOPY --chown="1:2" --chmod=6\\44 a /\nCOPY -- --odd /\nCOPY --chmod=\'600\' \\\n  --chown=3 \\\n  b /\n',
    files: { a: '', b: '', '--odd': '' },
  },
  { name: 'an instruction that is not known', dockerfile: 'FROM scratch\n\nCOPPY a b\n', expect: 'failure' },
  { name: 'an instruction before FROM', dockerfile: 'ARG a\n\nENV a=b\nFROM scratch\n', expect: 'failure' },
  { name: 'nothing but comments', dockerfile: '# a\n\n# b\n', expect: 'failure' },
  { name: 'arguments and no stage', dockerfile: 'ARG a=b\nARG c=d\n', expect: 'failure' },
  {
    name: 'a flag that is not known',
    dockerfile: 'FROM scratch\nLABEL a=b\nCOPY --form=x \\\n  a b\n',
    expect: 'failure',
  },
  {
    name: 'a flag given twice',
    dockerfile: 'FROM scratch\nCOPY --chown=1 --chown=2 a b\n',
    files: { a: '' },
    expect: 'failure',
  },
  { name: 'a stage name that is none', dockerfile: 'FROM scratch AS 1st\n', expect: 'failure' },
  { name: 'FROM with a word too many', dockerfile: 'FROM scratch as a b\n', expect: 'failure' },
  {
    name: 'a copy without a destination',
    dockerfile: 'FROM scratch\n\n\nCOPY a\n',
    files: { a: '' },
    expect: 'failure',
  },
  { name: 'odd white space', dockerfile: 'FROM scratch\nLABEL\u00a0a=b\n', expect: 'failure' },
  { name: 'form feeds and vertical tabs', dockerfile: 'FROM scratch\nLABEL\fa=b\vc=d\n\fLABEL e=f\n' },
  { name: 'text that is not UTF-8', dockerfile: Buffer.from('FROM scratch\nLABEL a=\xff\xfeb\n', 'latin1') },
  {
    name: 'heredocs of a command that goes on over lines',
    dockerfile:
      'FROM busybox\nRUN cat <<A > /a \\\n  && cat <<"B" > /b \\\n  # gone\n  && echo done > /c\n# one $HOME\nA\n# two \\\n\n$HOME \\\nB\n',
  },
  {
    name: 'comments and empty lines between flags and in JSON',
    dockerfile:
      'FROM busybox\nCOPY --chown=1:2 \\\n# a comment\n --chmod=600 \\\n\n a /x\nRUN ["/bin/sh", \\\n# inside\n "-c", \\\n "echo 1 > /r"]\n',
    files: { a: '' },
  },
  {
    name: 'carriage returns in steps, comments and heredocs, with a backtick',
    dockerfile:
      '# escape=`\r\n# c\r\nFROM busybox\r\nRUN echo a `\r\n# c\r\n  b > /x\r\nRUN <<E\r\necho 1 > /y\r\nE\r\nRUN ["true"]\r\nCOPY <<E <<"F" /d/\r\n`$HOME \\$HOME\r\nE\r\n`$HOME\r\nF\r\n',
  },
  { name: 'a comment behind the last continuation', dockerfile: 'FROM scratch\nLABEL a=b \\\n# end\n' },
  {
    name: 'a first line for an interpreter',
    dockerfile: '#!/usr/bin/env x\n# escape=`\nFROM scratch\nLABEL a=`"b`"\n',
  },
];
