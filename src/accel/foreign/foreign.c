/*
 * What libc gives bash on a foreign machine and not on x86-64. It stands before libc, and leaves the rest to it.
 *
 * Long doubles of 128 bits (IEEE binary128), where x86-64's own have 80: bash reads one with strtold and prints it at once. This keeps
 * the whole value that strtold read, and prints that where a conversion with `L` is given the 80 bits of it; any other value is
 * widened.
 *
 * Limits of memory, which QEMU does not set: they would be its own, and it needs more than the program.
 */
#define _GNU_SOURCE
#define __STDC_WANT_IEC_60559_TYPES_EXT__
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef _Float128 wide;

/* What strtold read last, and what it gave for that. */
static struct {
	int set;
	wide whole;
	long double given;
} last;

static int same(long double a, long double b)
{
	/* 10 bytes count of 16. */
	return memcmp(&a, &b, 10) == 0;
}

/* The rounding of both of x86-64's units; libm is not here. */
struct rounding {
	unsigned sse;
	unsigned short x87;
};

static void set_rounding(struct rounding mode)
{
	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mode.sse), "m"(mode.x87));
}

static struct rounding round_to_zero(void)
{
	struct rounding before;
	__asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(before.sse), "=m"(before.x87));
	struct rounding zero = before;
	zero.sse |= 0x6000, zero.x87 |= 0x0c00;
	set_rounding(zero);
	return before;
}

/*
 * Whether a text's value is below the smallest normal number, and became that by rounding: for x86 it is not too small then, for
 * others it is.
 */
static int is_tiny(const char *text, wide value)
{
	if (value != FLT128_MIN && value != -FLT128_MIN) return 0;
	int before = errno;
	struct rounding mode = round_to_zero();
	wide cut = strtof128(text, 0);
	set_rounding(mode);
	errno = before;
	return cut != value;
}

long double strtold(const char *text, char **end)
{
	last.whole = strtof128(text, end);
	if (is_tiny(text, last.whole)) errno = ERANGE;
	last.given = (long double)last.whole;
	last.set = 1;
	return last.given;
}

struct conversion {
	int left, plus, space, alternate, zero, group;
	/* -1: none */
	int width, precision;
	char kind;
};

/* Whether a format is one conversion of a long double and nothing else, as bash makes them. */
static int is_long(const char *at)
{
	if (*at++ != '%') return 0;
	at += strspn(at, "-+ #0'");
	at += *at == '*' ? 1 : strspn(at, "0123456789");
	if (*at == '.') at++, at += *at == '*' ? 1 : strspn(at, "0123456789");
	return at[0] == 'L' && at[1] && strchr("aAeEfFgG", at[1]) && !at[2];
}

/* A number, or `*` from the arguments; LONG_MAX where it is too large. */
static long number(const char **at, va_list *arguments)
{
	if (**at == '*') {
		++*at;
		return va_arg(*arguments, int);
	}
	long value = 0;
	for (; **at >= '0' && **at <= '9'; ++*at)
		if (value < LONG_MAX / 16) value = value * 10 + (**at - '0');
	return value < INT_MAX ? value : LONG_MAX;
}

/* -1 with errno where a number is too large for printf. */
static int read_conversion(const char *at, va_list *arguments, struct conversion *into)
{
	memset(into, 0, sizeof *into);
	for (at++;; at++) {
		if (*at == '-') into->left = 1;
		else if (*at == '+') into->plus = 1;
		else if (*at == ' ') into->space = 1;
		else if (*at == '#') into->alternate = 1;
		else if (*at == '0') into->zero = 1;
		else if (*at == '\'') into->group = 1;
		else break;
	}
	long width = number(&at, arguments), precision = -1;
	if (*at == '.') at++, precision = number(&at, arguments);
	/* A width below zero is one to the left; a precision below zero is none. */
	if (width < 0) width = -width, into->left = 1;
	if (width >= INT_MAX || precision >= INT_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	into->width = (int)width;
	into->precision = precision < 0 ? -1 : (int)precision;
	into->kind = at[1];
	return 0;
}

/* The digits of a value by strfromf128, in memory of their own. */
static char *digits(wide value, char kind, int precision)
{
	char format[24];
	if (precision < 0) snprintf(format, sizeof format, "%%%c", kind);
	else snprintf(format, sizeof format, "%%.%d%c", precision, kind);
	int size = strfromf128(0, 0, format, value);
	char *text = size < 0 ? 0 : malloc((size_t)size + 1 + MB_LEN_MAX);
	if (text) strfromf128(text, (size_t)size + 1, format, value);
	return text;
}

/* Puts a decimal point behind the digits where there is none: there is room for it. */
static void with_point(char *text, char exponent)
{
	const char *point = localeconv()->decimal_point;
	if (strstr(text, point)) return;
	char *end = strchr(text, exponent);
	if (!end) end = text + strlen(text);
	memmove(end + strlen(point), end, strlen(end) + 1);
	memcpy(end, point, strlen(point));
}

/* The exponent of the digits of an %e. */
static int power_of(const char *text)
{
	const char *at = strpbrk(text, "eE");
	return at ? atoi(at + 1) : 0;
}

/*
 * `%#g` keeps the zeros at its end: by the exponent, it is an %e or an %f. Where rounding is what makes it an %e, glibc forgets the
 * zeros.
 */
static char *general(wide value, char kind, int precision)
{
	if (precision < 0) precision = 6;
	if (precision == 0) precision = 1;
	char exponent = kind == 'g' ? 'e' : 'E';
	char *text = digits(value, exponent, precision - 1);
	if (!text) return text;
	int power = power_of(text);
	if (power == precision) {
		struct rounding mode = round_to_zero();
		char *cut = digits(value, exponent, precision - 1);
		set_rounding(mode);
		int rounded = cut && power_of(cut) < power;
		free(cut);
		if (!rounded) return text;
		free(text);
		return digits(value, exponent, 0);
	}
	if (power < -4 || power > precision) return text;
	free(text);
	return digits(value, kind == 'g' ? 'f' : 'F', precision - 1 - power);
}

/* Puts the locale's separators into the digits before the point. */
static char *grouped(char *text)
{
	const struct lconv *locale = localeconv();
	const char *rule = locale->grouping, *separator = locale->thousands_sep;
	size_t whole = strspn(text, "0123456789"), size = strlen(text), gap = strlen(separator);
	if (*rule <= 0 || *rule == CHAR_MAX || gap == 0) return text;
	char *result = malloc(size + whole * gap + 1);
	if (!result) return text;
	/* From the right. */
	char *to = result + size + whole * gap;
	memcpy(to -= size - whole, text + whole, size - whole);
	size_t end = size - whole, count = 0;
	for (size_t i = whole; i > 0; i--) {
		if (count == (size_t)*rule && *rule != CHAR_MAX) {
			memcpy(to -= gap, separator, gap);
			end += gap, count = 0;
			if (rule[1] > 0) rule++;
		}
		*--to = text[i - 1];
		end++, count++;
	}
	memmove(result, to, end);
	result[end] = 0;
	free(text);
	return result;
}

/* The whole text of a conversion in memory of its own; 0 with errno. */
static char *format_long(const char *format, va_list *arguments, size_t *size)
{
	struct conversion one;
	if (read_conversion(format, arguments, &one) < 0) return 0;
	long double given = va_arg(*arguments, long double);
	wide value = last.set && same(given, last.given) ? last.whole : (wide)given;

	int lower = one.kind | 0x20, negative = __builtin_signbit(value), finite = __builtin_isfinite(value);
	if (negative) value = -value;
	char *text = lower == 'g' && one.alternate && finite ? general(value, one.kind, one.precision)
							     : digits(value, one.kind, one.precision);
	if (!text) return 0;
	if (one.alternate && finite) with_point(text, lower == 'a' ? one.kind + 15 : one.kind == lower ? 'e' : 'E');
	if (one.group && finite && lower != 'a' && lower != 'e') text = grouped(text);

	const char *sign = negative ? "-" : one.plus ? "+" : one.space ? " " : "";
	size_t prefix = lower == 'a' && finite ? 2 : 0, body = strlen(text), used = strlen(sign) + body;
	size_t width = (size_t)one.width, fill = width > used ? width - used : 0;
	char *result = malloc(used + fill + 1), *to = result;
	if (result) {
		int zeros = one.zero && !one.left && finite;
		if (!one.left && !zeros) memset(to, ' ', fill), to += fill;
		to = stpcpy(to, sign);
		memcpy(to, text, prefix), to += prefix;
		if (zeros) memset(to, '0', fill), to += fill;
		memcpy(to, text + prefix, body - prefix), to += body - prefix;
		if (one.left) memset(to, ' ', fill), to += fill;
		*to = 0;
		*size = used + fill;
	}
	free(text);
	return result;
}

static int too_large(size_t size)
{
	if (size <= INT_MAX) return 0;
	errno = EOVERFLOW;
	return 1;
}

/* What programs call as printf, where they are compiled with checks. */
int __printf_chk(int flag, const char *format, ...)
{
	(void)flag;
	va_list arguments;
	va_start(arguments, format);
	int result = -1;
	if (is_long(format)) {
		size_t size = 0;
		char *text = format_long(format, &arguments, &size);
		if (text && !too_large(size) && fwrite(text, 1, size, stdout) == size) result = (int)size;
		free(text);
		last.set = 0;
	} else result = vprintf(format, arguments);
	va_end(arguments);
	return result;
}

/* The same for vsnprintf; bash calls it again with more room. */
int __vsnprintf_chk(char *into, size_t room, int flag, size_t known, const char *format, va_list given)
{
	(void)flag, (void)known;
	if (!is_long(format)) return vsnprintf(into, room, format, given);
	va_list arguments;
	va_copy(arguments, given);
	size_t size = 0;
	char *text = format_long(format, &arguments, &size);
	va_end(arguments);
	int result = text && !too_large(size) ? (int)size : -1;
	if (result >= 0 && room > 0) {
		size_t part = size < room ? size : room - 1;
		memcpy(into, text, part);
		into[part] = 0;
	}
	if (result < 0 || size < room) last.set = 0;
	free(text);
	return result;
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	if (resource == RLIMIT_AS || resource == RLIMIT_DATA || resource == RLIMIT_STACK) return 0;
	return (int)syscall(SYS_setrlimit, resource, limit);
}
