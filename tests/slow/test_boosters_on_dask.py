"""XGBoost on a cluster of two processes: our objective beside the tool's own, on the same two."""

import sys

import numpy as np
import pytest
from peers import needed

xgb = needed("xgboost")
distributed = needed("distributed")
needed("pyarrow")

import dask.array as da  # noqa: E402
import xgboost.dask  # noqa: E402, F401

from fastloss.adapters.xgboost import metric, objective  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.processes, pytest.mark.filterwarnings("default")]


@pytest.mark.skipif(sys.platform == "win32", reason="XGBoost's workers need a POSIX system")
def test_two_workers():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 3))
    y = X[:, 0] + rng.standard_normal(400)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        for loss, own, label in (
            ("mse", "reg:squarederror", y),
            ("sigmoid_cross_entropy", "binary:logistic", (y > 0).astype(float)),
        ):
            blocks = da.from_array(X, chunks=(200, 3)), da.from_array(label, chunks=200)
            data = xgb.dask.DaskDMatrix(client, *blocks)
            given = {"objective": own, "base_score": 0.5, "nthread": 1, "disable_default_eval_metric": 1}
            ours = xgb.dask.train(
                client, given, data, 10, obj=objective(loss), custom_metric=metric(loss), evals=[(data, "data")]
            )
            theirs = xgb.dask.train(client, given, data, 10)
            one, other = (model["booster"].predict(xgb.DMatrix(X), output_margin=True) for model in (ours, theirs))
            far = 0 if loss == "mse" else 4 * np.finfo(np.float32).eps * np.abs(other).max()
            assert np.abs(one - other).max() <= far
            costs = ours["history"]["data"][loss]
            assert costs[-1] < 0.7 * costs[0]
