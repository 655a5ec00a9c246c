import type { ProofCase } from './case.ts';

/** Functions, with every byte; implicit rules, archives, libraries, prerequisites of all kinds, errors, what make tells of itself. */
const MAKEFILE = String.raw`
MAKEFLAGS += --no-print-directory
W := $(file <words)
define twice
$(1) $(1)
endef
all: text names rules
text:
	@echo '$(sort $(W))' '$(words $(W))' '$(word 3,$(W))' '$(wordlist 2,5,$(W))' '$(firstword $(W))$(lastword $(W))'
	@echo '$(sort é z a É ab aé ÿ ~ b)' '$(filter %é,$(W))' '$(filter-out a%,$(W))' '$(patsubst %.c,%.o,a.c b.h)' '$(subst é,E,é1é)' '$(W:%é=<%>)' '$(findstring é,aéb)'
	@echo '$(dir a/b c)' '$(notdir a/b)' '$(suffix a.b.c d)' '$(basename a.b.c)' '$(addprefix é,a b)' '$(join a b,1 2)' '$(wildcard *.t)' '$(realpath ../work/words)' '$(abspath /a/../b)' '$(strip  a   b )'
	@echo '$(if $(W),y,n)$(or ,b)$(and a,)$(foreach i,1 2,<$i>)$(call twice,é)$(origin W)$(flavor W)$(value W)$(intcmp 1,2,l,e,g)$(let a b,1 2 3,$b)$(shell echo x; exit 3)$(.SHELLSTATUS)'
	@echo '$(error_)$(info i)$(warning w)' $(words $(.FEATURES)) '$(.FEATURES)' '$(.INCLUDE_DIRS)' '$(SUFFIXES)' '$(MAKE_VERSION)' '$(MAKE_HOST)' '$(.LIBPATTERNS)' '$(MAKEFLAGS)' '$(CC)$(CFLAGS)$(AR)' '$(MAKE_COMMAND)' '$(CURDIR)' '$(MAKELEVEL)'
names: | order
	@echo MAKE_HOST=$(MAKE_HOST); $(MAKE) -f $(firstword $(MAKEFILE_LIST)) sub X=é
sub: ; @echo sub $(X) $(MAKELEVEL) $(MAKEOVERRIDES)
order: ; @echo order $@ $^ $| $*
rules: a.out lib.a(m1 m2) -lq double.x double.y
%.out: %.in ; @echo $< '->' $@ $* $(@D) $(<F); cp $< $@
%.x %.y: ; @echo both $@; touch double.x double.y
(%): % ; @echo member $% of $@; ar cr $@ $% 2>/dev/null || touch $@
m1 m2: ; @echo $@ >$@
-lq: ; @echo no library q
.PHONY: all text names sub order rules bad stop slow
bad: ; @echo before; -false; false; echo after
stop: ; $(error stopped é)
missing: nowhere.é ; echo
circle: circle2 ; @echo circle
circle2: circle ; @echo circle2
slow: s1 s2 s3 ; @echo $^
s1 s2 s3: ; @echo $@
libs: -lz -lnone ; @echo $^
one: .EXTRA_PREREQS = m1
one: ; @echo one $?
ifeq ($(X),é)
$(info X is é)
else ifdef W
endif
unexport W
export Y = é$(W)
`;

const STEP = String.raw`
unset RUN; : >empty
m() { n=$1; shift; { make "$@" 2>&1; echo "status $?"; } | sed -E 's/0x[0-9a-f]+/PTR/g; s/PID [0-9]+/PID/; s/([Pp]rinted|[Ff]inished|[Cc]reated) .*/\1/; s/^(MAKEFILE|# *|).*(random|load=).*//; s/(Prerequisite|File|Last modified|is (older|newer)).*[0-9]{2}:[0-9]{2}.*/\1/' >/out/$n; }
cat >mk
{ cat bytes.bin | tr '\0\n\t $#\\' '        '; echo b a é c ab é z É; } >words; touch x.t é.t a.t Z.t; echo in >a.in; touch -d @1700000000 a.in words mk
mkdir -p /usr/lib/aarch64-linux-gnu /usr/local/lib; touch /usr/local/lib/libz.a
m all -f mk; ls >/out/ls; cp a.out /out; m again -f mk; m keep -k -f mk bad stop missing circle; for t in bad stop missing circle slow libs one nothing; do m t-$t -f mk $t; done
m j -f mk -j1 slow; m dry -n -f mk -B; m question -q -f mk; m touch -t -f mk m1; m silent -s -f mk slow; m ignore -i -f mk bad; m always -B -f mk double.x; m what -W a.in -f mk a.out; m trace --trace -f mk -B a.out; m debug -d -n -r -f mk slow; m debugb --debug=v -Oline -f mk rules; m data -p -f mk slow; m builtin -p -f empty; m norules -rR -p -f empty; m warn --warn-undefined-variables -f mk slow; m override -f mk X=é slow; m env -e -f mk slow; m dir -C / -f /work/mk slow; m include -I /usr -f mk slow; m eval --eval='q: ; @echo q' -f mk q; m sync -Otarget -j2 -f mk s1; m load -l 0.5 -f mk slow; m old -o a.in -f mk a.out; m stdin -f - </dev/null; m version --version; m help --help; m nonsense --nonsense; m letter -é; m none
printf 'a:\n x\n' >bad; m separator -f bad; printf '\303\n\tx\n$(sort\n' >bad; m bytes -f bad; printf 'x: ; @echo $(\n' >bad; m open -f bad; printf '.ONESHELL:\n.SHELLFLAGS = -ec\nx:\n\tA=1\n\techo $$A\n.POSIX:\n.DELETE_ON_ERROR:\ny:\n\techo 1 >y; false\n.SECONDEXPANSION:\nz: $$(basename x.y)\n' >bad; m special -f bad x y z; ls >/out/ls2; printf '$(eval k:;@echo k)\n$(foreach i,1 2 3,$(eval t$(i):;@echo t$(i)))\nd::;@echo d1\nd::;@echo d2\nx=$(shell echo 1)\ny:=$(x)\nx+=2\nz?=3\nv!=echo v\ndefine n =\n$(y)\nendef\nall: k t1 t2 d;@echo $(x)$(y)$(z)$(v)$(n)$(@:a%%=b%%)\nvpath %%.c /tmp\noverride w = 1\nprivate p = 2\n-include nowhere\nundefine x\n' >more; m more -f more all; m number -f more -j abc; m wide -f more 'x=$(wordlist 99999999999999999999,1,a)' all; m neg -f more 'x=$(word -1,a)' all; m zero -f more 'x=$(word 0,a)' all
`;

function makeCase(name: string, base: string): ProofCase {
  return {
    name,
    base,
    platforms: ['linux/arm64'],
    setup: 'apt-get update -qq && apt-get install -y -qq --no-install-recommends make binutils',
    step: `cat >steps <<'STEPS'\n${STEP}STEPS\nsh steps <<'MAKEFILE'\n${MAKEFILE}MAKEFILE\n`,
    native: ['make', 'dash'],
  };
}

export const MAKE_CASES: readonly ProofCase[] = [
  makeCase('make', 'debian:bookworm'),
  makeCase('make, trixie', 'debian:trixie-stand-in'),
];
