"""Scorers, losses for histogram gradient boosting, and linear models: what scikit-learn takes.

`scorer` and `score_function` judge estimators, `histogram_loss` trains `HistGradientBoosting*`, and `LinearRegressor` and
`LinearClassifier` are estimators of their own.
"""

from .._shared import imported

imported("sklearn", "sklearn")

from .linear import LinearClassifier, LinearRegressor  # noqa: E402 (the tool is asked for first)
from .scores import score_function, scorer  # noqa: E402
from .trees import histogram_loss  # noqa: E402

__all__ = ["LinearClassifier", "LinearRegressor", "histogram_loss", "score_function", "scorer"]
