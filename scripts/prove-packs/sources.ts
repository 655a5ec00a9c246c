/** Every byte twice, and then some that look random. */
function bytes(): Uint8Array {
  const all = Uint8Array.from({ length: 4096 }, (_, i) => (i < 512 ? i & 255 : Math.imul(i, 2654435761) >>> 13));
  return all;
}

const C1 = `#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
struct point { double x, y; float z; long double w; };
extern int helper(const char *, int);
static uint32_t table[256];
static void fill(void) { for (uint32_t i = 0; i < 256; i++) { uint32_t c = i; for (int k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1; table[i] = c; } }
static uint32_t crc(const unsigned char *p, size_t n) { uint32_t c = ~0u; while (n--) c = table[(c ^ *p++) & 255] ^ (c >> 8); return ~c; }
static double norm(const struct point *p, int n) { double s = 0; for (int i = 0; i < n; i++) s += p[i].x * p[i].x + p[i].y * 1e-300 + p[i].z / 3.0f; return s; }
const char *names[] = { "é", "\\x80\\xff", "long " "string", 0 };
static const double constants[] = { 0.1, 1e308, 4.9e-324, 3.14159265358979323846, 1.0 / 3, -0.0 };
_Complex double rotate(_Complex double z) { return z * (0.5 + 1.5i) / (z + 1.0); }
__int128 wide(__int128 a, __int128 b) { return a * b + (a >> 7) % (b | 1); }
int main(int argc, char **argv) {
	struct point p[64]; char buffer[128]; fill(); memset(p, 0, sizeof p);
	for (int i = 0; i < 64; i++) { p[i].x = i * 1.5; p[i].y = -i; p[i].z = i / 7.0f; p[i].w = i * 1.1L; }
	switch (argc) { case 1: snprintf(buffer, sizeof buffer, "%08x %.10g", crc((const unsigned char *)names[2], 11), norm(p, 64)); break; case 2: strcpy(buffer, argv[1]); break; default: buffer[0] = 0; }
	printf("%s %d %zu %g %g\\n", buffer, helper(buffer, argc), sizeof(struct point), constants[3], (double)p[3].w);
	return 0;
}
`;

const C2 = `#include <stdarg.h>
#include <stdlib.h>
typedef int vec __attribute__((vector_size(16)));
static int compare(const void *a, const void *b) { return *(const char *)a - *(const char *)b; }
__attribute__((noinline)) int sum(int n, ...) { va_list l; int s = 0; va_start(l, n); while (n--) s += va_arg(l, int); va_end(l); return s; }
int __attribute__((visibility("default"))) helper(const char *t, int n) {
	vec v = { 1, 2, 3, n }, w = v * v + 3; char copy[32]; int i; _Thread_local static int calls; calls++;
	for (i = 0; i < 31 && t[i]; i++) copy[i] = t[i];
	copy[i] = 0; qsort(copy, i, 1, compare);
	long long big = 1; for (int k = 1; k < 20; k++) big *= k; __atomic_fetch_add(&calls, n, __ATOMIC_SEQ_CST);
	return sum(4, (int)w[0], (int)w[3], copy[0], (int)(big % 1000003)) + calls;
}
`;

const CC = `#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>
template <int N> struct fib { static constexpr long value = fib<N - 1>::value + fib<N - 2>::value; };
template <> struct fib<1> { static constexpr long value = 1; };
template <> struct fib<0> { static constexpr long value = 0; };
struct base { virtual ~base() = default; virtual std::string name() const = 0; };
template <class T> struct derived : base { T t; explicit derived(T v) : t(v) {} std::string name() const override { return std::to_string(t); } };
int main() {
	std::vector<std::unique_ptr<base>> all; std::map<std::string, int> counts;
	for (int i = 0; i < 9; i++) { if (i % 2) all.push_back(std::make_unique<derived<int>>(i)); else all.push_back(std::make_unique<derived<double>>(i / 4.0)); }
	std::sort(all.begin(), all.end(), [](const auto &a, const auto &b) { return a->name() < b->name(); });
	for (const auto &one : all) counts[one->name()]++;
	try { counts.at("nothing"); } catch (const std::out_of_range &e) { std::cout << "none\\n"; }
	for (const auto &[name, count] : counts) std::cout << name << ' ' << count << ' ' << fib<40>::value << '\\n';
}
`;

const GO = `package main

import (
	"fmt"
	"math"
	"sort"
	"strings"
)

var version = "1"

type shape interface{ area() float64 }
type circle struct{ r float64 }
type square struct{ a float64 }

func (c circle) area() float64 { return math.Pi * c.r * c.r }
func (s square) area() float64 { return s.a * s.a }

func main() {
	shapes := []shape{circle{1.5}, square{2}, circle{0.1}}
	sort.Slice(shapes, func(i, j int) bool { return shapes[i].area() < shapes[j].area() })
	ch := make(chan string)
	go func() {
		for _, s := range shapes {
			ch <- fmt.Sprintf("%T %.6f", s, s.area())
		}
		close(ch)
	}()
	var b strings.Builder
	for s := range ch {
		b.WriteString(s + "; ")
	}
	fmt.Println(version, b.String(), uint64(math.MaxUint64), math.Sqrt(2))
}
`;

/** The files of the proofs, made for them. */
export const SOURCES: Readonly<Record<string, string | Uint8Array>> = {
  'bytes.bin': bytes(),
  'c1.c': C1,
  'c2.c': C2,
  't.cc': CC,
  'broken.c': 'int main(void) { return x +; }\nvoid f(int a) { a = "é"; }\n',
  'hello.go': GO,
};
