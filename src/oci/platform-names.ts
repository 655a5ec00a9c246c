/** What one platform is called elsewhere. Data for `polyarch platforms`, the emulation and cross-building. */
export interface PlatformNames {
  /** Docker's and OCI's name, canonical: `linux/arm/v7`. */
  readonly docker: string;
  /** What `uname -m` says there. */
  readonly uname: string;
  /** Suffix of QEMU's user-mode binary: `qemu-<qemu>`. */
  readonly qemu: string;
  readonly goarch: string;
  /** Go's variable for the variant (`GOARM=7`), if it has one. */
  readonly govariant?: string;
  /** Debian's architecture (dpkg), ports included. */
  readonly debian: string;
  /** Rust's target triple with glibc. */
  readonly rust: string;
  /** GNU triplet of Debian's cross tools: `aarch64-linux-gnu`. */
  readonly gnu: string;
  readonly elf: ElfIdentity;
}

/** The fields of an ELF header that tell a machine: e_machine, EI_CLASS and EI_DATA (gABI, chapter 4). */
export interface ElfIdentity {
  readonly machine: number;
  readonly bits: 32 | 64;
  readonly endian: 'little' | 'big';
}

const X86_64: ElfIdentity = { machine: 62, bits: 64, endian: 'little' };
const ARM: ElfIdentity = { machine: 40, bits: 32, endian: 'little' };

const AMD64 = {
  uname: 'x86_64',
  qemu: 'x86_64',
  goarch: 'amd64',
  debian: 'amd64',
  rust: 'x86_64-unknown-linux-gnu',
  gnu: 'x86_64-linux-gnu',
  elf: X86_64,
} as const;

/** Every Linux platform that this project knows by name; variants of one architecture from the newest down. */
export const PLATFORM_NAMES: readonly PlatformNames[] = [
  { docker: 'linux/amd64', ...AMD64, govariant: 'GOAMD64=v1' },
  { docker: 'linux/amd64/v2', ...AMD64, govariant: 'GOAMD64=v2' },
  { docker: 'linux/amd64/v3', ...AMD64, govariant: 'GOAMD64=v3' },
  { docker: 'linux/amd64/v4', ...AMD64, govariant: 'GOAMD64=v4' },
  {
    docker: 'linux/arm64',
    uname: 'aarch64',
    qemu: 'aarch64',
    goarch: 'arm64',
    govariant: 'GOARM64=v8.0',
    debian: 'arm64',
    rust: 'aarch64-unknown-linux-gnu',
    gnu: 'aarch64-linux-gnu',
    elf: { machine: 183, bits: 64, endian: 'little' },
  },
  {
    docker: 'linux/arm/v7',
    uname: 'armv7l',
    qemu: 'arm',
    goarch: 'arm',
    govariant: 'GOARM=7',
    debian: 'armhf',
    rust: 'armv7-unknown-linux-gnueabihf',
    gnu: 'arm-linux-gnueabihf',
    elf: ARM,
  },
  {
    docker: 'linux/arm/v6',
    uname: 'armv6l',
    qemu: 'arm',
    goarch: 'arm',
    govariant: 'GOARM=6',
    debian: 'armel',
    rust: 'arm-unknown-linux-gnueabi',
    gnu: 'arm-linux-gnueabi',
    elf: ARM,
  },
  {
    docker: 'linux/arm/v5',
    uname: 'armv5tel',
    qemu: 'arm',
    goarch: 'arm',
    govariant: 'GOARM=5',
    debian: 'armel',
    rust: 'armv5te-unknown-linux-gnueabi',
    gnu: 'arm-linux-gnueabi',
    elf: ARM,
  },
  {
    docker: 'linux/386',
    uname: 'i686',
    qemu: 'i386',
    goarch: '386',
    govariant: 'GO386=sse2',
    debian: 'i386',
    rust: 'i686-unknown-linux-gnu',
    gnu: 'i686-linux-gnu',
    elf: { machine: 3, bits: 32, endian: 'little' },
  },
  {
    docker: 'linux/ppc64le',
    uname: 'ppc64le',
    qemu: 'ppc64le',
    goarch: 'ppc64le',
    govariant: 'GOPPC64=power8',
    debian: 'ppc64el',
    rust: 'powerpc64le-unknown-linux-gnu',
    gnu: 'powerpc64le-linux-gnu',
    elf: { machine: 21, bits: 64, endian: 'little' },
  },
  {
    docker: 'linux/s390x',
    uname: 's390x',
    qemu: 's390x',
    goarch: 's390x',
    debian: 's390x',
    rust: 's390x-unknown-linux-gnu',
    gnu: 's390x-linux-gnu',
    elf: { machine: 22, bits: 64, endian: 'big' },
  },
  {
    docker: 'linux/riscv64',
    uname: 'riscv64',
    qemu: 'riscv64',
    goarch: 'riscv64',
    govariant: 'GORISCV64=rva20u64',
    debian: 'riscv64',
    rust: 'riscv64gc-unknown-linux-gnu',
    gnu: 'riscv64-linux-gnu',
    elf: { machine: 243, bits: 64, endian: 'little' },
  },
  {
    docker: 'linux/loong64',
    uname: 'loongarch64',
    qemu: 'loongarch64',
    goarch: 'loong64',
    debian: 'loong64',
    rust: 'loongarch64-unknown-linux-gnu',
    gnu: 'loongarch64-linux-gnu',
    elf: { machine: 258, bits: 64, endian: 'little' },
  },
  {
    docker: 'linux/mips64le',
    uname: 'mips64',
    qemu: 'mips64el',
    goarch: 'mips64le',
    govariant: 'GOMIPS64=hardfloat',
    debian: 'mips64el',
    rust: 'mips64el-unknown-linux-gnuabi64',
    gnu: 'mips64el-linux-gnuabi64',
    elf: { machine: 8, bits: 64, endian: 'little' },
  },
  {
    docker: 'linux/mips64',
    uname: 'mips64',
    qemu: 'mips64',
    goarch: 'mips64',
    govariant: 'GOMIPS64=hardfloat',
    debian: 'mips64',
    rust: 'mips64-unknown-linux-gnuabi64',
    gnu: 'mips64-linux-gnuabi64',
    elf: { machine: 8, bits: 64, endian: 'big' },
  },
  {
    docker: 'linux/ppc64',
    uname: 'ppc64',
    qemu: 'ppc64',
    goarch: 'ppc64',
    govariant: 'GOPPC64=power8',
    debian: 'ppc64',
    rust: 'powerpc64-unknown-linux-gnu',
    gnu: 'powerpc64-linux-gnu',
    elf: { machine: 21, bits: 64, endian: 'big' },
  },
];

/** Operating systems that Go and containerd know. */
export const KNOWN_OS: ReadonlySet<string> = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos'.split(
    ' ',
  ),
);

/** Architectures that Go and containerd know, canonical names. */
export const KNOWN_ARCHITECTURES: ReadonlySet<string> = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 ' +
    'mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);
