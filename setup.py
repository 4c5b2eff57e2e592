"""Builds the kernels: one source, compiled once for each instruction-set level of the processor family.

Environment variables:

FASTLOSS_REQUIRE_KERNELS=1   a failed build is an error; otherwise the package installs without kernels and runs on NumPy
FASTLOSS_DEBUG_BUILD=1       kernels with bounds checks and debug information
FASTLOSS_SANITIZE=LIST       kernels that check themselves while they run: LIST is what -fsanitize= takes (tools/sanitize.sh)
"""

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

FOLDER = Path("fastloss") / "kernels"
REQUIRED = os.environ.get("FASTLOSS_REQUIRE_KERNELS", "0") not in ("", "0")
DEBUG = os.environ.get("FASTLOSS_DEBUG_BUILD", "0") not in ("", "0")
SANITIZE = os.environ.get("FASTLOSS_SANITIZE", "")

# Module -> flags of its instruction-set level. The baseline is the processor probe's, which must run anywhere.
TARGETS = {
    "x86_64_v2": ["-march=x86-64-v2"],
    "x86_64_v3": ["-march=x86-64-v3"],
    "x86_64_v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
}
PORTABLE = {"generic": []}

# No part of -ffast-math that may change a value: the vector mathematics rounds by adding and subtracting a large number.
UNIX_FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-g0"]
UNIX_FLAGS += [
    "-fno-tree-loop-distribute-patterns"
]  # a block's results stay in registers instead of going through memcpy
DEBUG_FLAGS = ["-O1", "-g", "-fno-omit-frame-pointer", "-ffp-contract=fast"]
SANITIZE_FLAGS = [f"-fsanitize={SANITIZE}"] if SANITIZE else []
MSVC_FLAGS = ["/O2", "/fp:precise"]


class BuildKernels(build_ext):
    """build_ext that knows its compiler's flags, looks for OpenMP, and may do without kernels."""

    def build_extensions(self):
        unix = self.compiler.compiler_type != "msvc"
        traced = DEBUG or SANITIZE
        flags = ((DEBUG_FLAGS if traced else UNIX_FLAGS) if unix else MSVC_FLAGS) + SANITIZE_FLAGS
        compile_openmp, link_openmp = self.openmp(unix)
        for extension in self.extensions:
            extension.extra_compile_args = flags + extension.extra_compile_args
            extension.extra_link_args += SANITIZE_FLAGS
            if extension.include_dirs:  # the kernels, not what is around them
                extension.extra_compile_args += compile_openmp
                extension.extra_link_args += link_openmp
            if unix and not traced and sys.platform != "darwin":
                extension.extra_link_args.append("-Wl,-s")
        self.parallel = self.parallel or os.cpu_count()
        try:
            super().build_extensions()
        except Exception as error:
            self.do_without(error)

    def run(self):
        try:
            super().run()
        except Exception as error:
            self.do_without(error)

    def do_without(self, error):
        if REQUIRED:
            raise error
        self.extensions = []
        print(f"\nfastloss: the kernels could not be built ({error}).", file=sys.stderr)
        print("fastloss: installing without them; losses will run on NumPy, many times slower.\n", file=sys.stderr)

    def get_outputs(self):
        return [path for path in super().get_outputs() if Path(path).exists()]

    def copy_extensions_to_source(self):
        built = [e for e in self.extensions if Path(self.build_lib, self.get_ext_filename(e.name)).exists()]
        self.extensions = built
        super().copy_extensions_to_source()

    def openmp(self, unix):
        """The compiler's and the linker's flags for OpenMP, if a program with it can be built."""
        apple = ["-Xpreprocessor", "-fopenmp"], ["-lomp"]  # Apple's clang with LLVM's library beside it
        candidates = [(["-fopenmp"], ["-fopenmp"]), apple] if unix else [(["/openmp"], [])]
        for flags, links in candidates:
            with tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "probe.c"
                source.write_text("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
                try:
                    objects = self.compiler.compile([str(source)], output_dir=folder, extra_postargs=flags)
                    self.compiler.link_executable(objects, "probe", output_dir=folder, extra_postargs=links)
                    subprocess.run([str(Path(folder) / "probe")], check=True)
                    return flags, links
                except Exception as error:
                    print(f"fastloss: no OpenMP by {' '.join(flags)} ({type(error).__name__})", file=sys.stderr)
        print("fastloss: building kernels that run on one thread", file=sys.stderr)
        return [], []


def extensions():
    try:
        import numpy
        from Cython.Build import cythonize
    except ImportError:
        if REQUIRED:
            raise
        print("fastloss: no Cython or NumPy to build kernels with", file=sys.stderr)
        return []
    x86 = platform.machine().lower() in ("x86_64", "amd64") and sys.platform != "win32"
    kernels = [
        Extension(
            f"fastloss.kernels.{name}",
            [str(FOLDER / f"{name}.pyx")],
            include_dirs=[str(FOLDER), numpy.get_include()],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
            depends=[str(p) for p in (*FOLDER.glob("*.pxi"), *FOLDER.glob("*.h"))],
            extra_compile_args=list(flags),
        )
        for name, flags in (TARGETS if x86 else PORTABLE).items()
    ]
    around = [
        Extension("fastloss._calls", ["fastloss/_calls.py"], depends=["fastloss/_calls.pxd"]),
        Extension("fastloss.kernels.cpu", [str(FOLDER / "cpu.pyx")]),
    ]
    return cythonize(
        kernels + around,
        nthreads=os.cpu_count() or 1,
        compiler_directives={
            "language_level": 3,
            "boundscheck": DEBUG,
            "wraparound": False,
            "initializedcheck": DEBUG,
            "cdivision": True,
            "freethreading_compatible": True,
        },
    )


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildKernels})
