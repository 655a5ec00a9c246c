import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { baseLayout } from '../../scripts/bases.ts';
import { layoutRoot } from '../../scripts/bases/layout.ts';
import { fixturePath } from '../../scripts/fixtures.ts';
import { SOURCES } from '../../scripts/prove-packs/sources.ts';
import { architectureRecord } from '../../src/emulation/architectures.ts';
import { findEmulator } from '../../src/emulation/find-emulator.ts';

/* A small proof of binutils, bash, Go's tools and compilers; the long ones are scripts/prove-packs.ts. */
export const TOOLS_STEP = `
exec 2>/out/messages
printf '.text\\n.globl f\\nf: add x0, x0, #1\\n ret\\n.data\\n.asciz "text"\\n' >f.s; as -g f.s -o /out/f.o; ld -r f.s; ld -shared --build-id /out/f.o -o /out/f.so
ar rcsD /out/f.a /out/f.o; nm -an /out/f.a >/out/nm; objdump -dr /out/f.o >/out/dump; readelf -aW /out/f.so >/out/elf; strip -o /out/stripped /out/f.so; objcopy -O binary /out/f.o /out/binary
export GO111MODULE=off GOFLAGS=-trimpath GOCACHE=/tmp/cache HOME=/tmp GOARCH=arm64
printf 'package main\\nvar v = map[string]float64{"a": 0.1}\\nfunc f(n int) float64\\nfunc main() { println(v["a"], f(3), len("é")) }\\n' >m.go; printf '#include "textflag.h"\\nTEXT ·f(SB),NOSPLIT,$0-16\\n MOVD n+0(FP), R0\\n SCVTFD R0, F0\\n FMOVD F0, ret+8(FP)\\n RET\\n' >m.s
T=$(go env GOTOOLDIR); G=$(go env GOROOT); $T/asm -gensymabis -trimpath=/work -I $G/pkg/include -o sym m.s; $T/compile -trimpath=/work -p main -pack -symabis sym -asmhdr a.h -o /out/m.a m.go; $T/asm -p main -trimpath=/work -I $G/pkg/include -o m.o m.s; $T/pack r /out/m.a m.o; $T/link -buildid=x -o /out/m /out/m.a; /out/m; $T/compile -V=full; echo 'package p; x' >bad.go; $T/compile -o bad bad.go
unset GOARCH GO111MODULE; export GOPROXY=off GOTOOLCHAIN=local; mkdir mod; cd mod; { go mod init example.org/m; go mod edit -json; } >/out/module 2>&1; for a in arm64 amd64; do printf 'package main\\nfunc main() { println("%s") }\\n' $a >m_linux_$a.go; done
{ go build -n -o m 2>&1; go build -n nowhere 2>&1; go list -f '{{.GoFiles}} {{.Target}}'; } | sed -E 's,go-build[0-9]*,,g; s,b[0-9]{3},b,g; s, -c=[0-9]+,,' | sort >/out/plan; case $(go version) in *go1.19*) go build -o /out/built && /out/built 2>/out/ran; esac; cd ..
bash -c 'echo $MACHTYPE $HOSTTYPE; declare -A m=([é]=1 [a]=2 [ü]=3 [z]=4); echo "\${!m[@]}"; printf "%.40f %a %#g|%+012.3e\\n" .1 .3 999999.9 1e-4960 1e5000; ulimit -v 99999999; ulimit -v; bash --version' >/out/bash 2>&1`;

/** More, where the compiler has a counterpart. */
export const COMPILER_STEP = `
gcc -O2 -g -c c2.c -o /out/c2.o; gcc -flto -frandom-seed=1 -O1 c1.c c2.c -lm -o /out/lto; /out/lto; gcc -c broken.c`;

export const PROOF_SOURCES: Readonly<Record<string, string>> = Object.fromEntries(
  ['c1.c', 'c2.c', 'broken.c'].map((name) => [name, String(SOURCES[name] ?? '')]),
);

/** What a step gives emulated on a stand-in. It is kept in the fixtures folder: the same step on the same base and emulator gives the same. */
export async function emulatedAnswer(
  step: string,
  { base, ask }: { readonly base: string; readonly ask: () => Promise<unknown> },
): Promise<unknown> {
  const record = architectureRecord('arm64');
  const emulator = record === undefined ? undefined : findEmulator(record, { path: process.env['PATH'] }).found?.file;
  const hash = createHash('sha256')
    .update(JSON.stringify([step, PROOF_SOURCES, layoutRoot(baseLayout(base))]))
    .update(emulator === undefined ? '' : readFileSync(emulator));
  const file = fixturePath('accel', 'answers', hash.digest('hex'));
  if (!existsSync(file)) {
    const answer = await ask();
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(answer));
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}
