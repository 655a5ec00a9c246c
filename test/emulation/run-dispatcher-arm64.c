/*
 * Runs the dispatcher's code for arm64 hosts as a kernel would that was told of an interpreter with flags P and O:
 * run CODE PROGRAM ARGUMENT…, CODE a file with the code, PROGRAM the program to look up. Where the dispatcher gives up,
 * the arguments and the environment that QEMU would have got are printed, a line each. Static, without a C library: that of a
 * cross compiler is seldom there.
 */
typedef unsigned long u64;

enum { OPENAT = 56, READ = 63, WRITE = 64, EXIT = 93, MPROTECT = 226 };

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

static char memory[0x20000] __attribute__((aligned(0x10000)));
static long stack[4096];

static void print(const char *text)
{
	u64 length = 0;
	while (text[length]) length++;
	syscall(WRITE, 1, (long)text, (long)length, 0);
	syscall(WRITE, 1, (long)"\n", 1, 0);
}

__attribute__((used)) static void emulate(long *at)
{
	long arguments = *at++;
	for (long i = 0; i < arguments; i++) print((char *)at[i]);
	for (at += arguments + 1; *at; at++) print((char *)*at);
	for (at++; at[0] != 2; at += 2) {
	}
	syscall(EXIT, at[1] >= 0 ? 0 : 1, 0, 0, 0);
}

void landing(void);
__asm__("landing: mov x0, sp\n\tb emulate\n");

__attribute__((used)) static void run(long *process)
{
	long arguments = process[0], *at = stack + 2048, *from = process + 1 + arguments + 1;
	char **argument = (char **)(process + 1);
	int code = (int)syscall(OPENAT, -100, (long)argument[1], 0, 0);
	int program = (int)syscall(OPENAT, -100, (long)argument[2], 0, 0);
	if (code < 0 || program < 0 || syscall(READ, code, (long)memory, 0x10000, 0) < 256) syscall(EXIT, 2, 0, 0, 0);
	*(long *)(memory + 16) = (long)landing - (long)memory;
	const char *setting = "QEMU_CPU=fast";
	for (int i = 0; setting[i]; i++) memory[24 + i] = setting[i];
	syscall(MPROTECT, (long)memory, 0x10000, 5, 0);

	*at++ = arguments - 1;
	for (long i = 1; i < arguments; i++) *at++ = (long)argument[i];
	for (*at++ = 0; *from; from++) *at++ = *from;
	long auxiliary[] = {0, 8, 1, 23, 0, 2, program, 0, 0};
	for (int i = 0; i < 9; i++) *at++ = auxiliary[i];
	__asm__ volatile("mov sp, %0\n\tbr %1" : : "r"(stack + 2048), "r"(memory) : "memory");
}

__asm__(".globl _start\n_start: mov x0, sp\n\tb run\n");
