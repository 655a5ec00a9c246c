# What the go command decides: which files and tools it takes, what it calls things in its cache, what it says.
export GOCACHE=/tmp/cache GOPATH=/tmp/gopath HOME=/tmp GOFLAGS=-buildvcs=false GOTOOLCHAIN=local GOPROXY=off
# Its index of a package is called by the files' times.
o() { n=$1; shift; find /work -exec touch -h -d @1700000000 {} +; { "$@"; echo "status $?"; } >/out/$n 2>&1; sed -i -E 's,go-build[0-9]+,go-build,g; s,buildid [^ ]+,buildid,g' /out/$n; }

mkdir -p /work/m/inner /work/m/cgo /work/m/cmd/a /work/m/cmd/b /work/other/v2 /work/bad /work/cycle/x /work/cycle/y; cd /work/m
printf 'module example.org/m\n\ngo 1.19\n\nrequire example.org/other/v2 v2.1.0\n\nreplace example.org/other/v2 => ../other/v2\n' >go.mod
printf 'module example.org/other/v2\n\ngo 1.19\n' >../other/v2/go.mod; printf 'package other\n\nfunc Name() string { return "other" }\n' >../other/v2/other.go
for a in amd64 arm64 arm 386 s390x; do printf "package inner\n\nconst Machine = \"$a\"\n" >inner/machine_linux_$a.go; done
printf '//go:build !cgo\n\npackage inner\n\nconst Cgo = false\n' >inner/nocgo.go; printf '//go:build cgo\n\npackage inner\n\nconst Cgo = true\n' >inner/withcgo.go
printf '//go:build arm.6 || arm.5 || arm64 || amd64.v1\n\npackage inner\n\nconst Level = "known"\n' >inner/level.go; printf '//go:build !(arm.6 || arm.5 || arm64 || amd64.v1)\n\npackage inner\n\nconst Level = "none"\n' >inner/nolevel.go
printf 'package inner\n\nimport _ "embed"\n\n//go:embed text\nvar Text string\n' >inner/embed.go; echo text >inner/text
printf 'package inner\n\nfunc add(a, b uint32) uint32\n\nfunc Add(a, b uint32) uint32 { return add(a, b) }\n' >inner/add.go
printf 'TEXT ·add(SB), 4, $0-12\n\tMOVW a+0(FP), R0\n\tMOVW b+4(FP), R1\n\tADD R1, R0\n\tMOVW R0, ret+8(FP)\n\tRET\n' >inner/add_arm.s
printf 'TEXT ·add(SB), 4, $0-12\n\tMOVWU a+0(FP), R0\n\tMOVWU b+4(FP), R1\n\tADDW R1, R0, R0\n\tMOVW R0, ret+8(FP)\n\tRET\n' >inner/add_arm64.s
printf 'TEXT ·add(SB), 4, $0-12\n\tMOVL a+0(FP), AX\n\tADDL b+4(FP), AX\n\tMOVL AX, ret+8(FP)\n\tRET\n' >inner/add_amd64.s
for c in a b; do printf 'package main\n\nimport (\n\t"fmt"\n\t"runtime"\n\n\t"example.org/m/inner"\n\tother "example.org/other/v2"\n)\n\nvar version = "none"\n\nfunc main() {\n\tfmt.Println(version, runtime.GOARCH, runtime.GOROOT(), inner.Machine, inner.Cgo, inner.Level, inner.Text, inner.Add(2, 3), other.Name())\n}\n' >cmd/$c/main.go; done

export CGO_ENABLED=0
o build go build -o /out/a ./cmd/a; o ran /out/a; o buildinfo go version -m /out/a; o again go build -v -o /out/a ./cmd/a
o two sh -c 'go build -o /out/both/ ./... 2>&1 | sort'; o trimmed go build -trimpath -ldflags '-s -w -X main.version=3' -o /out/trimmed ./cmd/b; o ran-trimmed /out/trimmed
o tags go build -tags 'x netgo' -v -o /out/tags ./cmd/a; o plan go build -n -a -o /out/none ./cmd/a; o printed go build -x -gcflags=-N -o /out/printed ./cmd/b; o pie go build -buildmode=pie -o /out/pie ./cmd/a; o shared go build -buildmode=c-shared ./cmd/a
# The order in which it starts what can run at once is not fixed.
for n in plan printed; do sed -E 's,\$WORK/b[0-9]+|/tmp/go-build/b[0-9]+,BUILT,g; s,-p [^ ]+ ,,' /out/$n | sort >/out/$n.sorted; rm /out/$n; done
o cross env GOARCH=amd64 go build -o /out/cross ./cmd/a; o cross-buildinfo go version -m /out/cross; o cross-plan sh -c 'GOARCH=amd64 GOOS=windows go build -n ./cmd/a | tail -n 40 | grep -c link'; o same env GOARCH=$(go env GOARCH) go build -o /out/same ./cmd/a
o list go list -deps -f '{{.ImportPath}} {{.GoFiles}} {{.SFiles}} {{.Target}}' ./...; o environment sh -c 'go env | grep -v -i -e tmp -e GOENV'; o version go version; o install go install ./cmd/a; o installed ls -R /tmp/gopath/bin; o run go run ./cmd/b; o vet go vet ./...
o toolexec go build -toolexec 'env' -o /out/toolexec ./cmd/a; o settings sh -c 'go env -w CGO_ENABLED=1 GOARCH=386; env -u CGO_ENABLED go build -o /out/settings ./cmd/a; rm -rf /tmp/.config /nowhere'
o vendor go mod vendor; o vendored go build -mod=vendor -o /out/vendored ./cmd/a; cp vendor/modules.txt /out; rm -r vendor
o graph go mod graph; o why go mod why -m example.org/other/v2; o tidy go mod tidy -v; o verify go mod verify; o edit go mod edit -require example.org/none@v1.0.0 -json; cp go.mod /out; o download go mod download -json
cd ../bad; o no-module go build; o init go mod init example.org/bad; printf 'package main\n\nimport "example.org/nowhere/p"\n\nfunc main() { p.X(); x := 1 }\n' >main.go; o missing go build; o nothing go build ./nowhere; o no-flag go build -nonsense; o no-command go mod nonsense; o help go mod help
printf 'package main\n\nfunc main() { x := 1 }\n' >main.go; o unused go build; printf 'package main\nfunc main( {\n' >main.go; o syntax go build; printf '//go:build windows\n\npackage main\n' >main.go; o excluded go build; o race go build -race; o tidy-bad go mod tidy
cd ../cycle; printf 'module c\n' >go.mod; printf 'package x\nimport _ "c/y"\n' >x/x.go; printf 'package y\nimport _ "c/x"\n' >y/y.go; o cycle go build ./...

export CGO_ENABLED=1; cd ../m; printf 'package main\n\n// #include <math.h>\n// #cgo LDFLAGS: -lm\n// static double root(double x) { return sqrt(x); }\nimport "C"\n\nimport "fmt"\n\nfunc main() { fmt.Println(C.root(16)) }\n' >cgo/main.go
o cgo go build -trimpath -o /out/cgo ./cgo; o ran-cgo /out/cgo; o cgo-plan sh -c "go build -n ./cgo 2>&1 | grep -c -e gcc -e cgo"; o race-cgo sh -c 'go build -race -n ./cmd/a 2>&1 | tail -n 1 | cut -c -60'; o archive go build -buildmode=c-archive -o /out/archive.a ./cgo
unset CGO_ENABLED; o default go build -trimpath -o /out/default ./cmd/a; o ran-default /out/default
# Its cache: what was made of what, and all that was made; the times are left out.
cd /tmp/cache; find . -name '*-a' | sort | xargs cut -d ' ' -f -4 >/out/actions; find . -name '*-d' | sort >/out/outputs
