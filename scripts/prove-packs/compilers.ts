import type { ProofCase } from './case.ts';

export const install = (packages: string): string =>
  `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${packages}`;

/** What a compiler is asked for; `-frandom-seed` where LTO's sections have random names. */
const GCC = `
mkdir -p /out; for o in -O0 '-O2 -g' '-O2 -fPIC -fstack-protector-strong -march=armv8.2-a+sve' '-O3 -flto -frandom-seed=1 -ffast-math -Wall -Wextra'; do n=$(echo $o | tr -d ' =+-.'); gcc $o -c c1.c -o /out/c1-$n.o 2>>/out/warnings; gcc $o -c c2.c -o /out/c2-$n.o 2>>/out/warnings; done
gcc -E -dM c1.c >/out/macros; gcc -M c1.c >/out/deps; gcc -S -O2 -fverbose-asm c2.c -o /out/c2.s; gcc -O2 c1.c c2.c -o /out/prog -lm; gcc -static -O2 c1.c c2.c -o /out/static; gcc -O2 -flto c1.c c2.c -o /out/lto; gcc -shared -fPIC -O2 c2.c -o /out/libc2.so; gcc c1.c -L/out -lc2 -Wl,-rpath,/out -o /out/shared; gcc -xc -c /dev/null -o /out/empty.o
g++ -O2 -g -c t.cc -o /out/t.o 2>>/out/warnings; g++ -E -v t.cc >/out/cc-folders 2>&1; g++ -M t.cc >/out/cc-deps; g++ -o /out/tt /out/t.o; /out/tt >/out/ran; /out/prog >>/out/ran
cd /out; gcc -g3 -O2 -save-temps -c /work/c1.c -o saved.o; gcc -c /work/broken.c 2>/out/errors; gcc nowhere.c 2>>/out/errors; gcc -fno-automatic -Wall -Wnonsense -c /work/c2.c -o /out/odd.o 2>>/out/errors; gcc x.adb 2>>/out/errors; echo 'int main(void) { return nowhere(); }' >lost.c; gcc -c lost.c; gcc lost.o 2>/out/lost; LIBRARY_PATH=/out gcc c1-O0.o -lc2 -Wl,-Map,/out/map -o /out/by-path 2>>/out/lost; gcc -Q --help=optimizers >/out/help; gcc -v -x c -E /dev/null >/out/v 2>&1; gcc -print-search-dirs -print-libgcc-file-name >/out/search; gcc -dumpmachine >>/out/search; cpp -v /dev/null >/out/cppv 2>&1; true`;

/** What makes a compiler allocate: templates, LTO in parts, precompiled headers; settings that its allocator would take; a small address space. */
const ALLOCATOR = String.raw`
mkdir -p /out h; export MIMALLOC_VERBOSE=1 MIMALLOC_SHOW_STATS=1 MIMALLOC_SHOW_ERRORS=1 mimalloc_verbose=9
printf '#include <algorithm>\n#include <map>\n#include <ranges>\n#include <tuple>\n#include <variant>\n' >h/all.h
printf '#include "all.h"\ntemplate <int N> struct deep { std::map<int, std::tuple<deep<N - 1>, std::variant<int, deep<N - 1>>>> a; int n() const { return N + deep<N - 1>().n(); } };\ntemplate <> struct deep<0> { int n() const { return 1; } };\nint main() { auto v = std::views::iota(1, 99) | std::views::filter([](int i) { return i %% 3; }) | std::views::transform([](int i) { return i * i; }); int s = deep<60>().n(); for (int i : v) s += i; return s %% 100; }\n' >heavy.cc
for o in '-O0 -g' -O2; do n=$(echo $o | tr -d ' =+-'); g++ -std=c++20 -Ih $o -c heavy.cc -o /out/heavy-$n.o 2>>/out/errors; done
g++ -std=c++20 -O2 -Ih -x c++-header h/all.h -o h/all.h.gch 2>>/out/errors; g++ -std=c++20 -O2 -Winvalid-pch -Ih -c heavy.cc -o /out/from-gch.o 2>>/out/errors; cmp /out/from-gch.o /out/heavy-O2.o 2>>/out/errors
(ulimit -v 400000; gcc -O2 -c c1.c -o /out/small.o 2>>/out/errors)
gcc -O2 -flto -frandom-seed=1 -c c1.c -o l1.o; gcc -O2 -flto -frandom-seed=1 -c c2.c -o l2.o; gcc -flto=2 -flto-partition=max -O2 l1.o l2.o -lm -o /out/parts 2>>/out/errors; g++ -std=c++20 -Ih -O2 -flto -frandom-seed=1 -c heavy.cc -o l3.o; g++ -flto=2 -flto-partition=balanced -O2 l3.o -o /out/heavy 2>>/out/errors; /out/heavy; echo $? >/out/ran; /out/parts >>/out/ran; gcc -v -c c1.c -o /dev/null 2>&1 | grep -ci mimalloc >>/out/ran; true`;

const BINUTILS = `
gcc -O2 -g -S c1.c -o c1.s; gcc -O1 -fPIC -S c2.c -o c2.s; cp *.s /out; gcc -c -flto -frandom-seed=1 c1.c -o /out/lto.o
as c1.s -o /out/c1.o; as -g --gdwarf-5 c2.s -o /out/c2.o; ld -r /out/c1.o /out/c2.o -o /out/r.o; ld -shared --build-id /out/c2.o -soname libc2.so.1 -o /out/libc2.so.1; ln -s libc2.so.1 /out/libc2.so
ar rcsD /out/libc.a /out/c1.o /out/c2.o; ranlib -D /out/libc.a; nm -an /out/libc.a >/out/nm; size /out/c1.o >/out/size; strings -n 5 /out/c1.o >/out/strings; addr2line -e /out/c1.o 0 8 >/out/a2l
gcc -o /out/prog /out/c1.o -L/out -lc2 -Wl,-rpath,/out -Wl,-Map,/out/map; gcc -static -o /out/static /out/c1.o /out/c2.o; gcc -no-pie -Wl,-z,now -o /out/nopie /out/c1.o /out/c2.o; gcc -flto -O2 c1.c c2.c -o /out/lto; gcc-ar rcsD /out/lto.a /out/lto.o; nm /out/lto.a >/out/lto.nm 2>&1
objcopy --only-keep-debug /out/prog /out/prog.debug; strip -o /out/stripped /out/prog; objcopy --add-gnu-debuglink=/out/prog.debug /out/stripped; objdump -dr -S /out/c1.o >/out/objdump; objdump -x /out/prog >/out/objdump-x; readelf -aW /out/prog >/out/readelf; readelf --debug-dump /out/c1.o >/out/dwarf; elfedit --output-osabi=linux /out/c2.o; c++filt _ZNSt6vectorIiSaIiEE9push_backEOi >/out/filt
/out/prog >/out/ran; ld --verbose >/out/verbose; for t in as ld ar nm objdump readelf strip objcopy; do $t --version; $t --nonsense; $t --help; done >/out/versions 2>&1`;

/** The whole toolchain's tools; GOFLAGS keeps the folder out of what is made. */
const GO = `
export GOFLAGS=-trimpath GOCACHE=/tmp/gocache GO111MODULE=off HOME=/tmp CGO_ENABLED=0; mkdir -p h; cp hello.go h; cd h
go build -o /out/hello . && /out/hello >/out/ran; go build -ldflags '-s -w -X main.version=3' -gcflags=-l -o /out/stripped .; go build -gcflags='-N -l' -o /out/debug .; go vet . >/out/vet 2>&1; go version /out/hello >/out/version; go tool compile -S hello.go >/out/s 2>&1; go tool nm /out/hello >/out/nm; go env | grep -v -i tmp >/out/env; go build -buildmode=pie -o /out/pie . 2>/out/pie.log; echo 'package main; func main() { x := 1 }' >/work/bad.go; go build /work/bad.go 2>/out/errors; go tool asm -V=full >/out/asm; go tool link -V=full >>/out/asm; go tool compile -V=full >>/out/asm`;

/** As the golang images have it: the standard library comes as source; with cgo, coverage and packages that are assembled. */
const GO_LOCAL = `
export GOFLAGS='-trimpath -buildvcs=false' GOCACHE=/tmp/gocache GO111MODULE=off HOME=/tmp GOPATH=/work/go; mkdir -p h c p; cp hello.go h; cd h
export CGO_ENABLED=0; go build -o /out/hello . && /out/hello >/out/ran; go build -ldflags '-s -w -X main.version=3' -gcflags=-l -o /out/stripped .; go vet . >/out/vet 2>&1; go build -cover -o /out/cover .; go build -buildmode=pie -o /out/pie .; go tool compile -S hello.go >/out/s 2>&1; go env | grep -v -i tmp >/out/env; echo 'package main; func main() { x := 1 }' >/work/bad.go; go build /work/bad.go 2>/out/errors
for t in asm cgo compile cover link vet; do go tool $t -V=full; go tool $t -nonsense; done >/out/versions 2>&1
cd ../c; export CGO_ENABLED=1; printf 'package main\n/*\n#include <stdlib.h>\n#include <math.h>\n#cgo LDFLAGS: -lm\ntypedef struct { int a; double b[3]; } pair;\nenum kind { ONE = 1, TWO };\nstatic double twice(pair *p) { return 2 * p->b[1] + sqrt(p->a); }\n*/\nimport "C"\nimport ("fmt"; "os/user")\nfunc main() { p := C.pair{a: 9}; p.b[1] = 4; fmt.Println(float64(C.twice(&p)), C.TWO); u, _ := user.Current(); fmt.Println(u.Username) }\n' >main.go; go build -o /out/cgo . && /out/cgo >>/out/ran; go tool cgo -objdir /out/objects main.go >/out/cgo.log 2>&1; rm -f /out/objects/_cgo_.o /out/objects_cgo_*.o; go vet . >>/out/vet 2>&1`;

const TOOLS = ['as', 'ld.bfd', 'ar', 'nm', 'objdump', 'objcopy', 'strip', 'readelf'].map(
  (name) => `aarch64-linux-gnu-${name}`,
);

const RELEASES = [
  { suite: 'bookworm', base: 'debian:bookworm', gcc: '12', goPlatforms: ['linux/arm64', 'linux/arm/v7'] },
  { suite: 'trixie', base: 'debian:trixie-stand-in', gcc: '14', goPlatforms: ['linux/arm64'] },
];

/** Compilers and linkers of each release; `gcc-bookworm` needs a pack that was built from source. */
export const COMPILER_CASES: readonly ProofCase[] = [
  ...['1.25.4', '1.26.8'].map((go) => ({
    name: `go-${go}`,
    base: 'debian:trixie-stand-in',
    go,
    platforms: ['linux/arm64'],
    setup: install('gcc libc6-dev'),
    step: GO_LOCAL,
    native: ['compile', 'link', 'asm', 'cgo', 'cover', 'vet'],
  })),
  {
    name: 'gcc-allocator',
    base: 'debian:trixie-stand-in',
    platforms: ['linux/arm64'],
    setup: install('gcc g++ libc6-dev'),
    step: ALLOCATOR,
    native: ['cc1', 'cc1plus', 'lto1'],
  },
  ...RELEASES.flatMap(({ suite, base, gcc, goPlatforms }) => [
    {
      name: `binutils-${suite}`,
      base,
      platforms: ['linux/arm64'],
      setup: install('gcc libc6-dev'),
      step: BINUTILS,
      native: TOOLS,
    },
    {
      name: `gcc-${suite}`,
      base,
      platforms: ['linux/arm64'],
      setup: install('gcc g++ libc6-dev'),
      step: GCC,
      native: ['cc1', 'cc1plus', 'lto1', 'collect2', 'lto-wrapper', `aarch64-linux-gnu-gcc-${gcc}`],
    },
    {
      name: `go-${suite}`,
      base,
      platforms: goPlatforms,
      setup: install('golang-go'),
      step: GO,
      native: ['compile', 'link', 'asm'],
    },
  ]),
];
