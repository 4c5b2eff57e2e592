"""Builds the kernels: one engine, and its formulas and loops once for each instruction-set level of the processor family.

Environment variables:

FASTLOSS_REQUIRE_KERNELS=1   a failed build is an error, and so is a compiler that knows none of the levels; otherwise what
                             cannot be built is left out, and without any kernels the package runs on NumPy
FASTLOSS_DEBUG_BUILD=1       kernels with bounds checks and debug information
FASTLOSS_LEVELS=v2,v3        build these levels alone; native: the one that this processor is to run, in a third of the time
FASTLOSS_SANITIZE=LIST       kernels that check themselves while they run: LIST is what -fsanitize= takes (tools/sanitize.sh)
FASTLOSS_COVERAGE=1          kernels that count how often each line of Cython and C runs (tools/coverage.sh)
SOURCE_DATE_EPOCH=SECONDS    the date of all that is in a wheel or sdist, an sdist then has the same bytes each time
"""

import gzip
import importlib.util
import os
import platform
import sys
import tarfile
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

FOLDER = Path("fastloss") / "_cython"
REQUIRED = os.environ.get("FASTLOSS_REQUIRE_KERNELS", "0") not in ("", "0")
DEBUG = os.environ.get("FASTLOSS_DEBUG_BUILD", "0") not in ("", "0")
SANITIZE = os.environ.get("FASTLOSS_SANITIZE", "")
COVERAGE = os.environ.get("FASTLOSS_COVERAGE", "0") not in ("", "0")

# Instruction-set level -> its flags. The engine and the processor probe are compiled for the baseline.
TARGETS = {
    "v2": ["-march=x86-64-v2"],
    "v3": ["-march=x86-64-v3"],
    "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}
PORTABLE = {"generic": []}
PARTS = ("samples", "rows")  # of a level: modules that are built side by side
SHARED = "fastloss._cython.cyutility"  # what Cython would put into each module that has views
ALONE = ("fastloss._cython.cpu", "fastloss._core.calls")  # which have none, and are loaded by themselves
LEVELS = [level for level in os.environ.get("FASTLOSS_LEVELS", "").split(",") if level]
NATIVE = LEVELS == ["native"]

# No part of -ffast-math that may change a value: the vector mathematics rounds by adding and subtracting a large number.
UNIX_FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-g0"]
# Of gcc, where clang stops at the first: a block's results stay in registers instead of going through memcpy; choices that follow
# from each other are not turned into more choices, each of which a vector would have to make; views are set to zero by stores, not
# by `rep stos`, which waits for all that is on its way around the cache (100 ns on AMD's Zen 5); products are fused with what they
# are added to at -O1 too, as the quotients of v4 count on; and no looking for misleading indentation in files that Cython wrote,
# over which it takes minutes.
GCC_FLAGS = [
    "-fno-tree-loop-distribute-patterns",
    "-fno-thread-jumps",
    "-mmemset-strategy=vector_loop:1024:noalign,libcall:-1:noalign",
    "-fexpensive-optimizations",
    "-Wno-misleading-indentation",
]
# And of a level: a loop over 16 numbers is not written out before vectors are made of it.
GCC_LEVEL_FLAGS = ["--param=max-completely-peel-times=15"]
# And of the level of processors from before 2013: fewer loops are written out, half a megabyte for 1 % of the time.
GCC_OLD_FLAGS = ["--param=max-completely-peeled-insns=120"]
# Line numbers alone: following variables through optimised loops takes the compiler minutes.
DEBUG_FLAGS = ["-O1", "-g1", "-fno-omit-frame-pointer", "-ffp-contract=fast"]
SANITIZE_FLAGS = [f"-fsanitize={SANITIZE}"] if SANITIZE else []
# An optimiser would run one line's instructions for another's.
COVERAGE_FLAGS = ["--coverage", "-O0", "-g0", "-ffp-contract=fast"]
MSVC_FLAGS = ["/O2", "/fp:precise"]
# A view that is passed to a function costs 20 ns unless that is inlined, which compilers think too much of a loop.
INLINE = ("CYTHON_INLINE", "__inline__ __attribute__((always_inline))")
INLINE_MSVC = ("CYTHON_INLINE", "__forceinline")


class BuildKernels(build_ext):
    """build_ext that knows its compiler's flags, and may do without a level, or without kernels."""

    def build_extensions(self):
        unix = self.compiler.compiler_type != "msvc"
        traced = DEBUG or SANITIZE or COVERAGE
        unix_flags = COVERAGE_FLAGS if COVERAGE else DEBUG_FLAGS if traced else UNIX_FLAGS
        flags = (unix_flags if unix else MSVC_FLAGS) + SANITIZE_FLAGS
        known, level_flags, old_flags = (
            [flag for flag in some if unix and self.knows([flag])]
            for some in (GCC_FLAGS, GCC_LEVEL_FLAGS, GCC_OLD_FLAGS)
        )
        self.leave_out(
            [e for e in self.extensions if not self.knows(e.extra_compile_args)], "the compiler does not know it"
        )
        for extension in self.extensions:
            own = level_flags * is_level(extension) + old_flags * (level_of(extension) == "v2")
            extension.extra_compile_args = flags + known + own + extension.extra_compile_args
            extension.extra_link_args += SANITIZE_FLAGS + ["--coverage"] * COVERAGE
            if unix and extension.name == "fastloss._cython.engine":  # which has the threads
                extension.extra_compile_args.append("-pthread")
                extension.extra_link_args += ["-pthread", "-lm"]
            if is_level(extension) and not traced:
                extension.define_macros += [INLINE if unix else INLINE_MSVC]
            if unix and not traced and sys.platform != "darwin":
                extension.extra_link_args += ["-Wl,-s", "-Wl,-z,noseparate-code"]  # no names, no pages between sections
        self.translate()
        if NATIVE:
            native = self.native()
            self.extensions = [e for e in self.extensions if not is_level(e) or level_of(e) == native]
        self.parallel = self.parallel or os.cpu_count()
        self.failed = []
        super().build_extensions()
        self.leave_out(self.failed, "its build failed")

    def translate(self):
        """Cython's part, which takes half a minute: only when something is built of it, and not for an sdist.

        All levels are the same sources, translated once. Each is compiled by files of its own, which give it its names.
        """
        from Cython.Build import cythonize

        directives = {
            "language_level": 3,
            "boundscheck": DEBUG,
            "wraparound": False,
            "initializedcheck": DEBUG,
            "cdivision": True,
            "freethreading_compatible": True,
        }
        for extension in self.extensions:
            extension.sources = extension.sources or [f"{extension.name.replace('.', os.sep)}.c"]
        sources = [extension.sources[0] for extension in self.extensions]
        modules = [
            Extension(str(Path(source).with_suffix("")).replace(os.sep, "."), [source])
            for source in dict.fromkeys(sources)
        ]
        for shared, some in (
            (SHARED, [module for module in modules if module.name not in ALONE]),
            (None, [module for module in modules if module.name in ALONE]),
        ):
            cythonize(
                some,
                nthreads=os.cpu_count() or 1,
                compiler_directives=directives,
                emit_linenums=COVERAGE,
                shared_utility_qualified_name=shared,
            )
        for extension, source in zip(self.extensions, sources, strict=True):
            code = Path(source).with_suffix(".c")
            module = extension.name.rpartition(".")[2]
            if module != code.stem:
                extension.depends.append(str(code))
                extension.include_dirs.append(str(code.parent))
                include = f'#define PyInit_{code.stem} PyInit_{module}\n#include "{code.name}"\n'
                code = Path(self.build_temp) / f"{module}.c"
                if not code.exists() or code.read_text() != include:
                    self.mkpath(self.build_temp)
                    code.write_text(include)
            extension.sources = [str(code)]

    def native(self):
        """The best of the levels that this processor has, by the word of the module that chooses among them later."""
        cpu = next(extension for extension in self.extensions if extension.name == "fastloss._cython.cpu")
        super().build_extension(cpu)
        spec = importlib.util.spec_from_file_location(cpu.name, self.get_ext_fullpath(cpu.name))
        probe = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(probe)
        levels = [level_of(extension) for extension in self.extensions if is_level(extension)]
        return max((level for level in levels if probe.supports(f"x86-64-{level}")), default=levels[0])

    def build_extension(self, extension):
        try:
            super().build_extension(extension)
        except Exception:
            if REQUIRED:
                raise
            self.failed.append(extension)

    def run(self):
        try:
            super().run()
        except Exception as error:
            if REQUIRED:
                raise
            self.extensions = []
            print(f"\nfastloss: the kernels could not be built ({error}).", file=sys.stderr)
            print("fastloss: installing without them; losses will run on NumPy, many times slower.\n", file=sys.stderr)

    def leave_out(self, extensions, reason):
        """Go on without these and the other parts of their levels, if a level is left, and the engine to run it."""
        for extension in extensions:
            print(f"fastloss: leaving out {extension.name}: {reason}", file=sys.stderr)
        lost = {level_of(extension) for extension in extensions if is_level(extension)}
        for extension in self.extensions:
            if is_level(extension) and level_of(extension) in lost:
                Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
        self.extensions = [
            e for e in self.extensions if e not in extensions and not (is_level(e) and level_of(e) in lost)
        ]
        left = {extension.name for extension in self.extensions}
        if not any(map(is_level, self.extensions)) or not left >= {
            SHARED,
            "fastloss._cython.engine",
            "fastloss._cython.cpu",
        }:
            raise RuntimeError("none of them is left")

    def get_outputs(self):
        return [path for path in super().get_outputs() if Path(path).exists()]

    def copy_extensions_to_source(self):
        built = [e for e in self.extensions if Path(self.build_lib, self.get_ext_filename(e.name)).exists()]
        self.extensions = built
        super().copy_extensions_to_source()
        new = {Path(self.get_ext_filename(extension.name)).name for extension in built}
        for other in FOLDER.glob(self.get_ext_filename("level_*")):  # of the sources as they were
            if other.name not in new:
                other.unlink()

    def knows(self, flags):
        """Whether the compiler, and the assembler behind it, take these flags for a loop over arrays."""
        program = "void probe(double *x, long n) { for (long i = 0; i < n; i++) x[i] = x[i] * x[i] + 1; }\n"
        try:
            with tempfile.TemporaryDirectory() as folder:
                return not flags or bool(self.compiled(program, folder, ["-O3", *flags]))
        except Exception:
            return False

    def compiled(self, program, folder, flags):
        """The object files of a small program."""
        source = Path(folder) / "probe.c"
        source.write_text(program)
        return self.compiler.compile([str(source)], output_dir=folder, extra_postargs=flags)


class BuildSdist(sdist):
    """sdist that keeps SOURCE_DATE_EPOCH, as bdist_wheel does."""

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, **owner):
        date = os.environ.get("SOURCE_DATE_EPOCH")
        if date is None or format != "gztar":
            return super().make_archive(base_name, format, root_dir=root_dir, base_dir=base_dir, **owner)

        def dated(member):
            member.mtime = int(date)
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mode = 0o755 if member.mode & 0o100 else 0o644
            return member

        archive = f"{base_name}.tar.gz"
        self.mkpath(str(Path(archive).parent))
        with gzip.GzipFile(archive, "wb", mtime=int(date)) as packed, tarfile.open(fileobj=packed, mode="w") as files:
            files.add(base_dir, filter=dated)
        return archive


def is_level(extension):
    return extension.name.startswith("fastloss._cython.level")


def level_of(extension):
    """What its name ends with: of a level's part, the level."""
    return extension.name.rpartition("_")[2]


def extensions():
    try:
        import Cython  # noqa: F401
        import numpy
    except ImportError:
        if REQUIRED:
            raise
        print("fastloss: no Cython or NumPy to build kernels with", file=sys.stderr)
        return []
    x86 = platform.machine().lower() in ("x86_64", "amd64") and sys.platform != "win32"
    levels = TARGETS if x86 else PORTABLE
    if not NATIVE and (unknown := set(LEVELS) - levels.keys()):
        raise SystemExit(
            f"FASTLOSS_LEVELS names {', '.join(sorted(unknown))}; there are {', '.join(levels)}, and native"
        )
    parts = [  # first what takes longest
        (f"level_{part}_{level}", f"level_{part}", levels[level])
        for level in levels
        if NATIVE or level in LEVELS or not LEVELS
        for part in PARTS
    ]
    kernels = [
        Extension(
            f"fastloss._cython.{name}",
            [str(FOLDER / f"{source}.pyx")],
            include_dirs=[str(FOLDER / "c"), numpy.get_include()],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
            depends=[str(p) for suffix in ("pxd", "pxi", "h") for p in FOLDER.rglob(f"*.{suffix}")],
            extra_compile_args=list(flags),
        )
        for name, source, flags in [*parts, ("engine", "engine", []), ("cpu", "cpu", [])]
    ]
    calls = Extension("fastloss._core.calls", ["fastloss/_core/calls.pyx"])
    return [*kernels, calls, Extension(SHARED, [])]


if __name__ == "__main__":  # or the processes that Cython works in would set up once more
    setup(ext_modules=extensions(), cmdclass={"build_ext": BuildKernels, "sdist": BuildSdist})
