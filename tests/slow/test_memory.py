"""No array is copied: the memory that a call on large arrays takes beside what it is given."""

import json
import os
import subprocess
import sys

import pytest
from cases import COMPILED, LEVELS

pytestmark = [pytest.mark.slow, pytest.mark.memory]

# Prints, for each call on large arrays, how far the memory of the process rose above what it held before. What a call on
# smaller ones of the same kind loads and starts is there by then.
MEMORY = """
import json, sys
import numpy as np
import fastloss as fl
from fastloss.bench.worker import peak

kind, dtype = sys.argv[1], np.dtype(sys.argv[2])

def laid_out(shape, dtype, layout):
    if layout == "every other":
        return np.zeros((*shape[:-1], 2 * shape[-1]), dtype)[..., ::2]
    if layout == "backwards":
        return np.zeros(shape, dtype)[..., ::-1]
    if layout == "swapped":
        return np.zeros(shape, np.dtype(dtype).newbyteorder())
    return np.zeros(shape, dtype, order="F" if layout == "Fortran" else "C")

def calls(size):
    shape = {"numbers": (size,), "rows": (size // 64, 64), "short rows": (size // 4, 4), "a long row": (1, 2 * size)}[kind]
    numbers = kind == "numbers"
    losses = [fl.mse] if numbers else [fl.softmax_cross_entropy, fl.kl_divergence]
    number = 1 / shape[-1]
    for layout in ["contiguous", "every other", "swapped"] + ["backwards", "Fortran"] * (shape[0] > 1):
        pred = laid_out(shape, dtype, layout)
        pred[...] = number
        outs = np.ones(shape, dtype), np.ones(shape, dtype)
        for other in ["f4", "f8", "i1"] if layout == "contiguous" else [dtype]:
            target = laid_out(shape, other, layout)
            target[...] = number
            weight = np.ones(shape if numbers else shape[:1], other)
            for loss in losses:
                for w in (None, weight):
                    given = {"sample_weight": w}
                    name = f"{loss.name} {layout}, target {target.dtype}, {'un' * (w is None)}weighted: "
                    yield name + "cost", lambda: loss(pred, target, **given)
                    yield name + "gradient", lambda: loss.value_and_grad(pred, target, out=outs[0], **given)
                    yield name + "curvature", lambda: loss.grad_and_hess(pred, target, out=outs, **given)
            if not numbers:
                continue
            def refused():
                try:
                    fl.hinge(pred, target)
                except ValueError as error:
                    assert "target must be" in str(error)
                else:
                    raise AssertionError("not refused")
            yield f"hinge {layout}, target {target.dtype}: refusal", refused
        if numbers:
            yield f"softplus {layout}", lambda: fl.softplus(pred, out=outs[0])
        else:
            ids = np.zeros(shape[0], int)
            yield f"ids {layout}", lambda: fl.softmax_cross_entropy.value_and_grad(pred, ids, out=outs[0])
            for function in (fl.softmax, fl.log_softmax):
                yield f"{function.name} {layout}", lambda: function(pred, out=outs[0])
            out = np.ones(shape[0], dtype)
            yield f"logsumexp {layout}", lambda: fl.logsumexp(pred, out=out)

fl.set_num_threads(2)
for name, call in calls(1 << 16):
    call()
rose = {}
for name, call in calls(1 << 20):
    before = peak(reset=True)
    call()
    rose[name] = peak() - before if before else None
print(json.dumps(rose))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process in /proc")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    ("kernels", "kind"),
    [(name, kind) for name in LEVELS for kind in ("numbers", "rows")]
    + [(name, kind) for name in COMPILED for kind in ("short rows", "a long row")],  # NumPy takes a row as a whole
)
def test_no_array_is_copied(kernels, kind, dtype):
    """A large batch takes less than 1 MiB (NumPy: 2) beside what it is given, whatever its strides and dtypes.

    That is the memory of a process of its own, for tracemalloc does not see what kernels allocate. Large pieces go back to the
    system when they are freed, or a second copy would find the first one's room.
    """
    settings = {"FASTLOSS_BACKEND": kernels, "MALLOC_MMAP_THRESHOLD_": str(1 << 17), "MALLOC_TRIM_THRESHOLD_": "0"}
    command = [sys.executable, "-c", MEMORY, kind, dtype]
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rose = json.loads(done.stdout)
    assert len(rose) > 50
    if None in rose.values():
        pytest.skip("this system does not tell a process its peak")
    room = 1 << (21 if kernels == "numpy" else 20)
    assert {name: f"{memory / 2**20:.1f} MiB" for name, memory in rose.items() if memory >= room} == {}
