"""Which instruction-set levels this processor has. Compiled for the lowest of them, so that it can always be asked.

The levels are those of the x86-64 psABI, which is what `-march=x86-64-v2` and so on let a compiler use.
"""

cdef extern from *:
    """
    #if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
    #include <cpuid.h>
    #include <string.h>
    /* EBX and ECX of a leaf; 0 where there is no such leaf. */
    static void ask(unsigned leaf, unsigned *ebx, unsigned *ecx) {
        unsigned eax, edx;
        if (!__get_cpuid_count(leaf, 0, &eax, ebx, ecx, &edx)) *ebx = *ecx = 0;
    }
    /* What the processor's maker is called there, twelve letters; none where it does not say. */
    static void ask_for_maker(char *name) {
        unsigned eax, word[3];
        if (__get_cpuid(0, &eax, &word[0], &word[2], &word[1])) memcpy(name, word, sizeof word);
    }
    /* The registers that the system saves when it switches threads; 0 where it does not say. */
    static unsigned saved(void) {
        unsigned ebx, ecx, low, high;
        ask(1, &ebx, &ecx);
        if (!(ecx >> 27 & 1)) return 0; /* OSXSAVE: xgetbv may be used */
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    #ifdef __APPLE__
        if ((low & 6) == 6) low |= 0xe0; /* saves AVX-512's from their first use on */
    #endif
        return low;
    }
    #else
    static void ask(unsigned leaf, unsigned *ebx, unsigned *ecx) { *ebx = *ecx = 0; }
    static void ask_for_maker(char *name) { (void)name; }
    static unsigned saved(void) { return 0; }
    #endif

    /* Not static: by this name threadpoolctl knows the library among others (_core/threads.py). */
    int fastloss_kernels(void);
    int fastloss_kernels(void) { return 1; }
    """
    void ask(unsigned leaf, unsigned *ebx, unsigned *ecx)
    void ask_for_maker(char *name)
    unsigned saved()


cdef enum:  # the registers that the system must save
    AVX = 0x06  # xmm, ymm
    AVX512 = 0xe6  # k and zmm as well

# Level, feature as Linux spells it, leaf of cpuid, register, bit, registers that the system must save.
TABLE = [
    ("x86-64-v2", "pni", 1, "ecx", 0, 0),  # SSE3
    ("x86-64-v2", "ssse3", 1, "ecx", 9, 0),
    ("x86-64-v2", "cx16", 1, "ecx", 13, 0),
    ("x86-64-v2", "sse4_1", 1, "ecx", 19, 0),
    ("x86-64-v2", "sse4_2", 1, "ecx", 20, 0),
    ("x86-64-v2", "popcnt", 1, "ecx", 23, 0),
    ("x86-64-v2", "lahf_lm", 0x80000001, "ecx", 0, 0),
    ("x86-64-v3", "fma", 1, "ecx", 12, AVX),
    ("x86-64-v3", "movbe", 1, "ecx", 22, 0),
    ("x86-64-v3", "avx", 1, "ecx", 28, AVX),
    ("x86-64-v3", "f16c", 1, "ecx", 29, AVX),
    ("x86-64-v3", "bmi1", 7, "ebx", 3, 0),
    ("x86-64-v3", "avx2", 7, "ebx", 5, AVX),
    ("x86-64-v3", "bmi2", 7, "ebx", 8, 0),
    ("x86-64-v3", "abm", 0x80000001, "ecx", 5, 0),  # LZCNT
    ("x86-64-v4", "avx512f", 7, "ebx", 16, AVX512),
    ("x86-64-v4", "avx512dq", 7, "ebx", 17, AVX512),
    ("x86-64-v4", "avx512cd", 7, "ebx", 28, AVX512),
    ("x86-64-v4", "avx512bw", 7, "ebx", 30, AVX512),
    ("x86-64-v4", "avx512vl", 7, "ebx", 31, AVX512),
]


def features():
    """Those of the table that the processor has and the system lets programs use."""
    cdef unsigned ebx, ecx, has = saved()
    found = set()
    for _, name, leaf, register, bit, needs in TABLE:
        ask(leaf, &ebx, &ecx)
        if ((ebx if register == "ebx" else ecx) >> bit) & 1 and (has & needs) == needs:
            found.add(name)
    return found


def maker():
    """What the processor says of its maker, as Linux spells it: GenuineIntel, AuthenticAMD; empty where it does not say."""
    cdef char name[13]
    name[:] = [0] * 13
    ask_for_maker(name)
    return name.decode("ascii", "replace")


def supports(name):
    """Whether the processor has all of the x86-64 level called `name`, and of those below."""
    return {feature for level, feature, *_ in TABLE if level <= name} <= features()
