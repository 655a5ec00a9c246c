/*
 * Runs before QEMU, as a part of its file: looks the program that the kernel wants run up in the map of native tools
 * (accel-map.ts) and executes the tool, with the same arguments and environment, from which it does not come back. In
 * every other case it gives QEMU the stack it would have had, with QEMU's own settings in the environment.
 *
 * Freestanding, position-independent, without initialised data: nothing has to be relocated.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

/* ---- System calls: the kernel's numbers and its struct stat, whose st_size is at 48 on both. ---- */

#if defined(__x86_64__)
enum { SYS_WRITE = 1, SYS_CLOSE = 3, SYS_FSTAT = 5, SYS_PREAD = 17, SYS_EXECVE = 59, SYS_FCNTL = 72, SYS_OPENAT = 257, SYS_READLINKAT = 267, SYS_FACCESSAT = 269 };
static long syscall(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
enum { SYS_FCNTL = 25, SYS_FACCESSAT = 48, SYS_OPENAT = 56, SYS_CLOSE = 57, SYS_WRITE = 64, SYS_PREAD = 67, SYS_READLINKAT = 78, SYS_FSTAT = 80, SYS_EXECVE = 221 };
static long syscall(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}
#endif

enum { O_WRONLY = 1, O_APPEND = 02000, O_NONBLOCK = 04000, O_CLOEXEC = 02000000, AT_FDCWD = -100, X_OK = 1, F_SETFD = 2, FD_CLOEXEC = 1 };

static int open_file(const char *path, int flags)
{
	return (int)syscall(SYS_OPENAT, AT_FDCWD, (long)path, flags | O_CLOEXEC, 0);
}

static void close_file(int fd)
{
	syscall(SYS_CLOSE, fd, 0, 0, 0);
}

static int read_at(int fd, void *into, u64 size, u64 offset)
{
	return syscall(SYS_PREAD, fd, (long)into, (long)size, (long)offset) == (long)size;
}

static u64 size_of(int fd)
{
	u64 stat[32];
	return syscall(SYS_FSTAT, fd, (long)stat, 0, 0) == 0 ? stat[6] : 0;
}

/* ---- Memory: the stack of this code, and what is read. ---- */

enum { PAGE = 4096, CHUNK = 16384, NOTES = 2048, PATH = 184, LONG_PATH = 1024 };

static u8 stack[8192] __attribute__((aligned(16), used));
/* As start.S names the end of it. */
__asm__(".globl stack_end\n.set stack_end, stack + 8192");
static u8 head[PAGE], tail[PAGE], notes[NOTES], chunk[CHUNK];
static char tool_path[PATH], plugin_path[PATH], long_path[LONG_PATH];

/* ---- Text. ---- */

static int begins(const char *text, const char *prefix)
{
	while (*prefix)
		if (*text++ != *prefix++) return 0;
	return 1;
}

static int equal(const char *a, const char *b)
{
	while (*a && *a == *b) a++, b++;
	return *a == *b;
}

static u64 length(const char *text)
{
	u64 count = 0;
	while (text[count]) count++;
	return count;
}

/* Writes a text; gives its end, where a zero is. */
static char *put(char *at, const char *text)
{
	while (*text) *at++ = *text++;
	*at = 0;
	return at;
}

static char *put_number(char *at, int number)
{
	char digits[12];
	int count = 0;
	do digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count > 0) *at++ = digits[--count];
	*at = 0;
	return at;
}

static int ends(const char *text, const char *suffix)
{
	u64 whole = length(text), part = length(suffix);
	return whole >= part && equal(text + whole - part, suffix);
}

/* ---- Keys: program-hash.ts and program-key.ts say what they are. ---- */

struct key {
	u8 bytes[32];
	u8 content[16];
};

struct hash {
	u32 lane[4];
	u64 length;
};

static u32 mixed(u32 lane, u32 word)
{
	lane += word * 0x85ebca77u;
	return ((lane << 13) | (lane >> 19)) * 0x9e3779b1u;
}

static void hash_begin(struct hash *hash)
{
	hash->lane[0] = 0x243f6a88u;
	hash->lane[1] = 0x85a308d3u;
	hash->lane[2] = 0x13198a2eu;
	hash->lane[3] = 0x03707344u;
	hash->length = 0;
}

/* The bytes lie in a buffer whose size is a multiple of 16. */
static void hash_add(struct hash *hash, u8 *bytes, u64 size)
{
	u32 a = hash->lane[0], b = hash->lane[1], c = hash->lane[2], d = hash->lane[3];
	hash->length += size;
	for (; size % 16 != 0; size++) bytes[size] = 0;
	for (u32 *word = (u32 *)bytes, *end = (u32 *)(bytes + size); word < end; word += 4) {
		a = mixed(a, word[0]);
		b = mixed(b, word[1]);
		c = mixed(c, word[2]);
		d = mixed(d, word[3]);
	}
	hash->lane[0] = a;
	hash->lane[1] = b;
	hash->lane[2] = c;
	hash->lane[3] = d;
}

static void hash_end(struct hash *hash, u8 *digest)
{
	u32 a = hash->lane[0] ^ (u32)hash->length, b = hash->lane[1] ^ (u32)(hash->length >> 32);
	u32 c = hash->lane[2], d = hash->lane[3];
	for (int turn = 0; turn < 4; turn++) {
		a = mixed(a, d);
		b = mixed(b, a);
		c = mixed(c, b);
		d = mixed(d, c);
		a ^= a >> 15;
		b ^= b >> 13;
		c ^= c >> 16;
		d ^= d >> 14;
	}
	((u32 *)digest)[0] = a;
	((u32 *)digest)[1] = b;
	((u32 *)digest)[2] = c;
	((u32 *)digest)[3] = d;
}

static int big_endian;

static u64 number(const u8 *at, int size)
{
	u64 value = 0;
	for (int i = 0; i < size; i++) value = value << 8 | at[big_endian ? i : size - 1 - i];
	return value;
}

/* The last part of a Go build ID, which is made of the program's content. */
#define GO_CONTENT 20ul

static int build_id_note(u64 size, struct key *key)
{
	for (u64 at = 0; at + 16 <= size;) {
		u64 name = number(notes + at, 4), data = number(notes + at + 4, 4), type = number(notes + at + 8, 4);
		const u8 *text = notes + at + 12;
		int gnu = name == 4 && text[0] == 'G' && text[1] == 'N' && text[2] == 'U' && text[3] == 0;
		if (gnu && type == 3 && data >= 1 && data <= 20) {
			if (at + 16 + data > size) return 0;
			key->bytes[0] = 1;
			key->bytes[1] = (u8)data;
			for (u64 i = 0; i < data; i++) key->bytes[2 + i] = text[4 + i];
			return 1;
		}
		int go = name == 4 && text[0] == 'G' && text[1] == 'o' && text[2] == 0;
		if (go && type == 4 && data > GO_CONTENT && data <= size && at + 16 + data <= size) {
			const u8 *content = text + 4 + data - GO_CONTENT;
			if (content[-1] == '/') {
				key->bytes[0] = 3;
				key->bytes[1] = GO_CONTENT;
				for (u64 i = 0; i < GO_CONTENT; i++) key->bytes[2 + i] = content[i];
				return 1;
			}
		}
		at += 12 + ((name + 3) & ~3ul) + ((data + 3) & ~3ul);
	}
	return 0;
}

static int build_id(int fd, struct key *key)
{
	int wide = head[4] == 2;
	u64 offset = wide ? number(head + 32, 8) : number(head + 28, 4);
	u64 size = number(head + (wide ? 54 : 42), 2), count = number(head + (wide ? 56 : 44), 2);
	if (size < (wide ? 56 : 32) || offset > PAGE || offset + size * count > PAGE) return 0;
	for (u8 *row = head + offset; count > 0; count--, row += size) {
		if (number(row, 4) != 4) continue;
		u64 at = wide ? number(row + 8, 8) : number(row + 4, 4);
		u64 bytes = wide ? number(row + 32, 8) : number(row + 16, 4);
		if (bytes <= NOTES && read_at(fd, notes, bytes, at) && build_id_note(bytes, key)) return 1;
	}
	return 0;
}

/* Leaves the content's hash out: it is computed when the rest is a hit. */
static int key_of(int fd, struct key *key)
{
	u64 size = size_of(fd);
	for (int i = 0; i < 32; i++) key->bytes[i] = 0;
	if (size < PAGE || !read_at(fd, head, PAGE, 0)) return 0;
	if (head[0] != 0x7f || head[1] != 'E' || head[2] != 'L' || head[3] != 'F') return 0;
	big_endian = head[5] != 1;
	for (int i = 0; i < 8; i++) key->bytes[24 + i] = (u8)(size >> (8 * i));
	if (build_id(fd, key)) return 1;
	struct hash hash;
	hash_begin(&hash);
	if (!read_at(fd, tail, PAGE, size - PAGE)) return 0;
	hash_add(&hash, head, PAGE);
	hash_add(&hash, tail, PAGE);
	key->bytes[0] = 2;
	hash_end(&hash, key->bytes + 8);
	return 1;
}

static int content_is(int fd, const u8 *content)
{
	u64 size = size_of(fd);
	u8 digest[16] __attribute__((aligned(4)));
	struct hash hash;
	hash_begin(&hash);
	for (u64 at = 0; at < size; at += CHUNK) {
		u64 part = size - at < CHUNK ? size - at : CHUNK;
		if (!read_at(fd, chunk, part, at)) return 0;
		hash_add(&hash, chunk, part);
	}
	hash_end(&hash, digest);
	for (int i = 0; i < 16; i++)
		if (digest[i] != content[i]) return 0;
	return 1;
}

/* ---- The map: accel-map.ts says what it is. ---- */

#define FOLDER "/dev/.accel/"

enum { COMPILER = 1, LINKER_PLUGIN = 2, PYTHON_COMPILE = 4, GO_TOOL = 8, NAMES = 16, APK = 32, GO_COMMAND = 64, GO_LOCAL = 128, EMULATED_AFTER_ALL = 0x8000 };

struct record {
	u8 key[32];
	u8 content[16];
	u32 rules;
	u8 reserved[44];
	char tool[160];
};

static u32 open_map(int *map)
{
	u32 header[4];
	*map = open_file(FOLDER "map", 0);
	if (*map < 0) return 0;
	if (!read_at(*map, header, 16, 0)) return 0;
	return header[0] == 0x796c6f70u && header[1] == 0x6c636361u && header[2] == 1 ? header[3] : 0;
}

/* The index of the open file's record, or -1. */
static long look_up(int map, u32 count, int fd, struct record *found)
{
	struct key key;
	if (!key_of(fd, &key)) return -1;
	for (long low = 0, high = (long)count - 1; low <= high;) {
		long middle = (low + high) / 2;
		if (!read_at(map, found, sizeof *found, (u64)(middle + 1) * sizeof *found)) return -1;
		int order = 0;
		for (int i = 0; i < 32 && order == 0; i++) order = key.bytes[i] - found->key[i];
		if (order == 0) return key.bytes[0] != 2 || content_is(fd, found->content) ? middle : -1;
		if (order < 0) high = middle - 1;
		else low = middle + 1;
	}
	return -1;
}

static void full_path(char *path, const struct record *record)
{
	path = put(path, FOLDER);
	for (int i = 0; i < 159 && record->tool[i]; i++) *path++ = record->tool[i];
	*path = 0;
}

/* ---- What sends a program back to QEMU. ---- */

/* The loader's variables that make a program do something else, and locales whose data are not the native tool's. */
static int environment_forbids(char **environment)
{
	const char *all = 0;
	int other = 0;
	for (; *environment; environment++) {
		const char *entry = *environment;
		if (entry[0] != 'L') continue;
		if (begins(entry, "LD_PRELOAD=") || begins(entry, "LD_AUDIT=") || begins(entry, "LD_DEBUG=") ||
		    begins(entry, "LD_TRACE_LOADED_OBJECTS=") || begins(entry, "LD_SHOW_AUXV=")) {
			if (!ends(entry, "=")) return 1;
		}
		int is_all = begins(entry, "LC_ALL=");
		if (!is_all && !begins(entry, "LC_") && !begins(entry, "LANG=")) continue;
		const char *value = entry;
		while (*value && *value != '=') value++;
		if (*value) value++;
		if (!*value) continue;
		/* A locale's data are of the machine's byte order. */
		int same = equal(value, "C") || equal(value, "POSIX") ||
			   (!big_endian && (equal(value, "C.UTF-8") || equal(value, "C.utf8")));
		if (is_all) all = same ? "" : value;
		else if (!same) other = 1;
	}
	return all ? *all != 0 : other;
}

static int preload_file(void)
{
	int fd = open_file("/etc/ld.so.preload", O_NONBLOCK);
	if (fd < 0) return 0;
	u64 size = size_of(fd);
	close_file(fd);
	return size > 0;
}

static int is_word(const char *at, const char *word)
{
	u64 size = length(word);
	return begins(at, word) && (at[size] == 0 || at[size] == ' ' || at[size] == '\n' || at[size] == '\t');
}

/* Asks a compiler about itself: what it was configured with is not what the native one was. */
static int is_question(const char *at)
{
	return is_word(at, "-v") || is_word(at, "-Q") || is_word(at, "--version") || is_word(at, "--help") || begins(at, "--help=") || begins(at, "-###") ||
	       begins(at, "-print-") || begins(at, "--print-") || begins(at, "--target-help") || begins(at, "-dumpversion") ||
	       begins(at, "-dumpfullversion") || begins(at, "-dumpmachine") || begins(at, "-dumpspecs");
}

/* True when an option that only QEMU's own compiler or linker understands begins there. */
static int foreign_option(const char *at, u32 rules)
{
	if (*at != '-') return 0;
	if ((rules & LINKER_PLUGIN) && (begins(at, "-plugin=") || begins(at, "--plugin="))) return 1;
	if (!(rules & COMPILER)) return 0;
	if (begins(at, "-fplugin") || begins(at, "-finput-charset") || begins(at, "-fexec-charset") ||
	    begins(at, "-fwide-exec-charset"))
		return 1;
	if (is_question(at)) return 1;
	return begins(at, "-march=native") || begins(at, "-mcpu=native") || begins(at, "-mtune=native");
}

/* A file of further arguments. What is in it is only searched, so a linker plugin there is not rewritten. */
static int response_forbids(const char *path, u32 rules)
{
	enum { OVERLAP = 32, LIMIT = 4 << 20 };
	int fd = open_file(path, O_NONBLOCK);
	if (fd < 0) return 0;
	u64 size = size_of(fd);
	int forbidden = size > LIMIT;
	for (u64 at = 0; at < size && !forbidden; at += CHUNK - OVERLAP - 1) {
		u64 part = size - at < CHUNK - 1 ? size - at : CHUNK - 1;
		if (!read_at(fd, chunk, part, at)) forbidden = 1;
		chunk[part] = 0;
		for (u64 i = 0; i < part && !forbidden; i++) {
			u8 before = i == 0 ? (at == 0 ? ' ' : 'x') : chunk[i - 1];
			if (before != ' ' && before != '\n' && before != '\t' && before != ',' && before != '"' && before != '\'') continue;
			const char *word = (const char *)chunk + i;
			forbidden = *word == '@' || foreign_option(word, rules);
			if ((rules & LINKER_PLUGIN) && (begins(word, "-plugin") || begins(word, "--plugin")) && !begins(word, "-plugin-opt"))
				forbidden = 1;
		}
	}
	close_file(fd);
	return forbidden;
}

static int argument_forbids(const char *argument, u32 rules)
{
	if (*argument == '@') return response_forbids(argument + 1, rules);
	if (foreign_option(argument, rules)) return 1;
	if (argument[0] != '-' || argument[1] != 'W') return 0;
	for (; *argument; argument++)
		if (*argument == ',' && foreign_option(argument + 1, rules)) return 1;
	return 0;
}

/* A Go tool works for GOARCH, which cmd/go sets; without it, for its own architecture. */
static int names_goarch(char **environment)
{
	for (; *environment; environment++)
		if (begins(*environment, "GOARCH=") && !ends(*environment, "=")) return 1;
	return 0;
}

static int compiles_python(char **argument)
{
	for (; *argument; argument++) {
		const char *one = *argument;
		if (equal(one, "-m"))
			return argument[1] && (equal(argument[1], "py_compile") || equal(argument[1], "compileall"));
		if (equal(one, "-c") || equal(one, "-")) return 0;
		if (*one != '-')
			return ends(one, "/py_compile.py") || ends(one, "/compileall.py") || equal(one, "/usr/bin/py3compile");
	}
	return 0;
}

static const char *base_name(const char *path)
{
	const char *name = path;
	for (; *path; path++)
		if (*path == '/') name = path + 1;
	return name;
}

/* Reads the list of lines beside a tool into `chunk`, with a zero behind it; gives its size, 0 when there is none. */
static u64 read_list(char *path, const char *suffix)
{
	char *end = path + length(path);
	put(end, suffix);
	int fd = open_file(path, 0);
	*end = 0;
	if (fd < 0) return 0;
	u64 size = size_of(fd);
	if (size >= CHUNK || !read_at(fd, chunk, size, 0)) size = 0;
	chunk[size] = 0;
	close_file(fd);
	return size;
}

/*
 * A program of many names runs native under those that are in the list beside the tool, a line each: argv[0]'s, or where
 * the program is called by its own, the first argument's.
 */
static int name_forbids(char **argument, char *path)
{
	const char *name = base_name(argument[0] ? argument[0] : "");
	if (*name == '-') name++;
	if (equal(name, base_name(path))) name = argument[1];
	if (!name || !*name) return 1;

	u64 size = read_list(path, ".names"), count = length(name);
	int forbidden = 1;
	for (char *line = (char *)chunk; size > 0 && *line && forbidden;) {
		forbidden = !(begins(line, name) && line[count] == '\n');
		while (*line && *line != '\n') line++;
		if (*line) line++;
	}
	return forbidden;
}

/* apk tells the architecture that it was compiled for, and works for it in a root without /etc/apk/arch. */
static int apk_forbids(char **argument)
{
	static const char long_names[] = "--print-arch\0--root\0--initdb\0--version\0--help\0";
	int fd = open_file("/etc/apk/arch", O_NONBLOCK), words = 0;
	if (fd < 0) return 1;
	u64 size = size_of(fd);
	close_file(fd);
	for (; *argument; argument++) {
		const char *one = *argument;
		if (one[0] != '-') words++;
		else if (one[1] != '-') {
			for (one++; *one; one++)
				if (*one == 'p' || *one == 'V' || *one == 'h') return 1;
		} else {
			/* An option may be cut short. */
			for (const char *name = long_names; *name; name += length(name) + 1) {
				const char *a = one, *b = name;
				while (*a && *a == *b) a++, b++;
				if (*a == 0 || *a == '=') return 1;
			}
		}
	}
	return size == 0 || words == 0;
}

/* The value of a variable (`NAME=`); 0 when the environment has none. */
static const char *value_of(char **environment, const char *name)
{
	for (; *environment; environment++)
		if (begins(*environment, name)) return *environment + length(name);
	return 0;
}

static int contains(const char *text, const char *part)
{
	for (; *text; text++)
		if (begins(text, part)) return 1;
	return 0;
}

/* Whether `go env -w` may have set anything: such a file stands behind the environment, into which this writes. */
static int go_settings(char **environment)
{
	const char *file = value_of(environment, "GOENV="), *config = value_of(environment, "XDG_CONFIG_HOME=");
	if (file && *file) return !equal(file, "off");
	const char *home = value_of(environment, "HOME=");
	const char *folder = config && *config ? config : home, *below = folder == config ? "/go/env" : "/.config/go/env";
	if (!folder || !*folder) return 0;
	if (length(folder) + length(below) >= LONG_PATH) return 1;
	put(put(long_path, folder), below);
	int fd = open_file(long_path, O_NONBLOCK);
	if (fd >= 0) close_file(fd);
	return fd >= 0;
}

/* Whether the go command finds gcc, by which it knows whether there is cgo (since 1.20); -1 when that cannot be said. */
static int finds_gcc(char **environment)
{
	const char *path = value_of(environment, "PATH="), *compiler = value_of(environment, "CC=");
	if (compiler && *compiler) return 1;
	while (path && *path) {
		char *at = long_path;
		while (*path && *path != ':')
			if (at < long_path + LONG_PATH - 8) *at++ = *path++;
			else return -1;
		if (*path) path++;
		at = put(at, at == long_path ? "./gcc" : "/gcc");
		if (syscall(SYS_FACCESSAT, AT_FDCWD, (long)long_path, X_OK, 0) != 0) continue;
		put(at, "/.");
		if (syscall(SYS_FACCESSAT, AT_FDCWD, (long)long_path, 0, 0) == 0) continue;
		/* One that was found by a relative path does not count. */
		return long_path[0] == '/';
	}
	return 0;
}

/* The go command works as the foreign one when it is told all that the two take from their own machine. */
static int go_forbids(char **argument, char **environment, u32 rules)
{
	/* A program of the image's own that would see this machine in its environment; kinds of builds whose mistakes name it. */
	static const char options[] = "-toolexec\0-race\0-msan\0-asan\0";
	const char *cgo = value_of(environment, "CGO_ENABLED="), *chain = value_of(environment, "GOTOOLCHAIN=");
	const char *flags = value_of(environment, "GOFLAGS=");
	if (cgo && !equal(cgo, "0") && !equal(cgo, "1")) return 1;
	if (chain ? !equal(chain, "local") : (rules & GO_LOCAL) != 0) return 1;
	if (go_settings(environment)) return 1;
	for (const char *option = options; *option; option += length(option) + 1) {
		if (flags && contains(flags, option)) return 1;
		for (char **one = argument; *one; one++)
			if (begins(*one, option) || (**one == '-' && begins(*one + 1, option))) return 1;
	}
	return 0;
}

/* ---- The whole. ---- */

/* Filled by inject.ts: QEMU's entry from the start of this code, and `NAME=value` strings, an empty one last. */
struct parameters {
	long entry;
	char environment[232];
};
extern const struct parameters parameters __attribute__((visibility("hidden")));

struct process {
	long *stack;
	long arguments;
	char **argument;
	char **environment;
	u64 *auxiliary;
};

/*
 * The environment of the go command: what the list beside it has and the process has not, and the GOROOT in which the foreign
 * command `fd` lies. Made anew below the stack; 0 when it cannot be said.
 */
static char **go_environment(const struct process *process, int fd)
{
	char **environment = process->environment, *line = (char *)chunk;
	long variables = 0, lines = 1;
	if (read_list(tool_path, ".environment") == 0) return 0;
	for (char *at = line; *at; at++) lines += *at == '\n';
	while (environment[variables]) variables++;
	char **made = (char **)(((u64)process->stack - (u64)(variables + lines + 1) * 8) & ~15ul), **at = made;
	for (char **one = environment; *one; one++) *at++ = *one;

	while (*line) {
		char *name = line, *end = line;
		while (*end && *end != '\n') end++;
		line = *end ? end + 1 : end;
		*end = 0;
		while (*end != '=' && end > name) end--;
		char first = end[1];
		end[1] = 0;
		const char *known = value_of(environment, name);
		end[1] = first;
		if (known && !*known) return 0;
		if (known) continue;
		*at++ = name;
		if (!equal(name, "CGO_ENABLED=gcc")) continue;
		int found = finds_gcc(environment);
		if (found < 0) return 0;
		put(put(name, "CGO_ENABLED="), found ? "1" : "0");
	}

	const char *root = value_of(environment, "GOROOT=");
	if (!root) {
		char link[32], *end = put(long_path, "GOROOT=");
		put_number(put(link, "/proc/self/fd/"), fd);
		long room = long_path + LONG_PATH - 1 - end, size = syscall(SYS_READLINKAT, AT_FDCWD, (long)link, (long)end, room);
		if (size <= 0 || size >= room) return 0;
		end[size] = 0;
		if (!ends(end, "/bin/go")) return 0;
		end[size - (long)length("/bin/go")] = 0;
		*at++ = long_path;
	} else if (!*root) return 0;
	*at = 0;
	return made;
}

/* Executes the native tool; comes back when there is none or it may not be used, with the arguments as they were. */
static void run_native(const struct process *process)
{
	int fd = -1, preserved = 0, map;
	for (u64 *one = process->auxiliary; one[0]; one += 2) {
		if (one[0] == 2) fd = (int)one[1];		 /* AT_EXECFD */
		if (one[0] == 8) preserved = (int)(one[1] & 1); /* AT_FLAGS: argv[0] follows the path */
		if (one[0] == 23 && one[1]) return;		 /* AT_SECURE */
	}
	if (fd < 0 || !preserved || process->arguments < 3) return;

	struct record tool, plugin;
	u32 count = open_map(&map);
	if (map < 0) return;
	long index = count == 0 ? -1 : look_up(map, count, fd, &tool);
	if (index < 0 || environment_forbids(process->environment) || preload_file()) goto emulate;

	char **arguments = process->argument + 2, **environment = process->environment, **rewritten = 0, *original = 0;
	if ((tool.rules & PYTHON_COMPILE) && !compiles_python(arguments + 1)) goto emulate;
	if ((tool.rules & GO_TOOL) && !names_goarch(process->environment)) goto emulate;
	if ((tool.rules & APK) && apk_forbids(arguments + 1)) goto emulate;
	full_path(tool_path, &tool);
	if ((tool.rules & NAMES) && name_forbids(arguments, tool_path)) goto emulate;
	if (tool.rules & GO_COMMAND) {
		if (go_forbids(arguments + 1, environment, tool.rules)) goto emulate;
		environment = go_environment(process, fd);
		if (!environment) goto emulate;
	}
	for (char **one = arguments + 1; (tool.rules & (COMPILER | LINKER_PLUGIN)) && *one; one++) {
		if (argument_forbids(*one, tool.rules)) goto emulate;
		if (!(tool.rules & LINKER_PLUGIN) || !one[1] || !(equal(*one, "-plugin") || equal(*one, "--plugin"))) continue;
		if (rewritten) goto emulate;
		int file = open_file(one[1], O_NONBLOCK);
		if (file < 0) goto emulate;
		long known = look_up(map, count, file, &plugin);
		close_file(file);
		if (known < 0) goto emulate;
		full_path(plugin_path, &plugin);
		rewritten = ++one;
	}

	int ran = open_file(FOLDER "ran", O_WRONLY | O_APPEND);
	u16 note = (u16)index;
	if (ran >= 0) syscall(SYS_WRITE, ran, (long)&note, 2, 0);
	if (rewritten) original = *rewritten, *rewritten = plugin_path;
	syscall(SYS_FCNTL, fd, F_SETFD, FD_CLOEXEC, 0);
	syscall(SYS_EXECVE, (long)tool_path, (long)arguments, (long)environment, 0);
	syscall(SYS_FCNTL, fd, F_SETFD, 0, 0);
	if (rewritten) *rewritten = original;
	note |= EMULATED_AFTER_ALL;
	if (ran >= 0) {
		syscall(SYS_WRITE, ran, (long)&note, 2, 0);
		close_file(ran);
	}
emulate:
	close_file(map);
}

static int same_name(const char *a, const char *b)
{
	while (*a && *a == *b && *a != '=') a++, b++;
	return *a == '=' && *b == '=';
}

/*
 * Puts QEMU's settings at the end of the environment, on a stack made anew below the old one. The program's own choice of one
 * of them counts instead of all.
 */
static long *with_settings(const struct process *process)
{
	const char *setting = parameters.environment;
	long settings = 0, variables = 0, words = 2;
	for (; *setting; setting += length(setting) + 1, settings++)
		for (char **one = process->environment; *one; one++)
			if (same_name(*one, setting)) return process->stack;
	if (settings == 0) return process->stack;
	while (process->environment[variables]) variables++;
	for (u64 *one = process->auxiliary; one[0]; one += 2) words += 2;

	long total = 1 + process->arguments + 1 + variables + settings + 1 + words;
	long *stack = (long *)((u64)(process->stack - total) & ~15ul), *at = stack;
	const long *from = process->stack;
	for (long i = 0; i < 1 + process->arguments + 1 + variables; i++) *at++ = *from++;
	for (setting = parameters.environment; *setting; setting += length(setting) + 1) *at++ = (long)setting;
	for (from++, *at++ = 0; words > 0; words--) *at++ = *from++;
	return stack;
}

/* Called on a stack of its own with that of the process, as the kernel left it; returns the one QEMU shall start with. */
__attribute__((used, visibility("hidden"))) long *dispatch(long *process_stack)
{
	struct process process;
	process.stack = process_stack;
	process.arguments = process_stack[0];
	process.argument = (char **)(process_stack + 1);
	process.environment = process.argument + process.arguments + 1;
	char **end = process.environment;
	while (*end) end++;
	process.auxiliary = (u64 *)(end + 1);
	run_native(&process);
	return with_settings(&process);
}

/* What the compiler calls for large copies. */
__attribute__((visibility("hidden"))) void *memset(void *target, int byte, u64 size)
{
	for (u8 *at = target; size > 0; size--) {
		*at++ = (u8)byte;
		__asm__ volatile("");
	}
	return target;
}
