# # A tour
#
# Ten minutes, from one loss to a fit that outliers do not spoil, a forecast with an interval, a booster with a loss of
# your choice, and the cost of data that do not fit into memory. This page is the program `examples/tour.py`, run when
# the page was built; `python examples/tour.py FOLDER` runs it again and puts the pictures into the folder. It needs
# `pip install 'fastloss[plot]' scikit-learn`, and LightGBM or XGBoost for the booster, which is left out without them.

import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_diabetes, make_classification
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

import fastloss as fl
from fastloss import plot

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())


def show(ax, name, what):
    """Keep a picture."""
    ax.figure.savefig(folder / f"{name}.svg")
    print(f"[{what}: {name}.svg]")


# ## Loss and cost
#
# A **loss** says how wrong one prediction is. A **cost** is the one number that a batch is judged by, the mean of its
# losses unless you say otherwise. Every loss of the package is called the same way: `pred` first, then `target`.

pred, target = [1.0, 10.0, 1000.0], [1.0, 1.0, 1.0]
print("losses", fl.mae(pred, target, reduction="none"))
print("cost", fl.mae(pred, target))

# To make a cost smaller one must know which way is down: the gradient, one number for each prediction. It comes with
# the cost in the same pass over memory. The gradient is also the best description of a loss's character, for it says
# how hard each sample pulls at the model. Of the three predictions above the second is off by 9 and the third by 999:

for loss in (fl.mse, fl.mae, fl.huber):
    cost, gradient = loss.value_and_grad(pred, target)
    print(f"{loss.name:5} cost {cost:9.1f}, pulls {gradient.round(2)}")

# Squared error lets the third sample pull 111 times as hard as the second. Absolute error lets both pull the same.
# Huber's loss is in between: squared error near the target, absolute error away from it.

left, right = plot.curves(["mse", "mae", "huber"])
show(left, "losses", "Three losses of an error, and their slopes")

# ## A fit that outliers do not spoil
#
# The diabetes data have 442 patients, their body mass index, and how far the disease had come a year later. Suppose
# that in twenty records somebody typed one digit too many. `fl.linear.objective` makes the cost of a linear model and
# its gradient, for any loss, which is what `scipy.optimize.minimize` asks for.

data = load_diabetes(scaled=False)
bmi, truth = data.data[:, [2]], data.target
spoiled = truth.copy()
wrong = np.random.default_rng(0).choice(np.flatnonzero(bmi[:, 0] > 27), 20, replace=False)
spoiled[wrong] *= 10

centre = bmi.mean()


def fit(loss, progress, **parameters):
    """Slope and intercept."""
    objective = fl.linear.objective(loss, bmi - centre, progress, **parameters)
    return minimize(objective, [0.0, np.median(progress)], jac=True, method="L-BFGS-B").x


lines = {
    "mse, before the mistakes": fit(fl.mse, truth),
    "mse": fit(fl.mse, spoiled),
    "huber, delta=50": fit(fl.huber, spoiled, delta=50.0),
    "tukey_biweight, delta=250": fit(fl.tukey_biweight, spoiled, delta=250.0),
}
for name, (slope, intercept) in lines.items():
    print(f"{name:26} slope {slope:5.1f}, at the mean {intercept:5.0f}")

# `delta` is in the units of the target: errors below it are noise to be averaged, errors above it are suspect. Huber's
# loss keeps a little of their pull; Tukey's biweight gives them none at all beyond `delta`, at the price of a cost with
# several minima, so that it needs a sensible start.

ax = plot.new(width=8.0)
ax.plot(bmi, spoiled, ".", color="0.6", markersize=4)
for i, (name, (slope, intercept)) in enumerate(lines.items()):
    ends = np.array([bmi.min(), bmi.max()])
    ax.plot(ends, intercept + slope * (ends - centre), label=name, **plot.style(i, len(lines)))
ax.set(ylim=(0, 800), xlabel="body mass index", ylabel="progression")
plot.dress(ax)
plot.explain(ax, alone=True)
show(ax, "robust", "Four lines through data with gross errors, some of which lie above the chart")

# ## A forecast with an interval
#
# The mean is one number. Whoever orders stock wants to know how much will be enough on nine days of ten: a **quantile**. The
# quantile loss charges `alpha` for each unit by which a prediction is too low, and 1 − `alpha` for each by which it is
# too high, so that the best prediction has a share `alpha` of all targets below it. Here is a year of hourly demand,
# whose noise grows with its size.

rng = np.random.default_rng(1)
hour = rng.uniform(0, 24, 8760)
level = 60 + 40 * np.sin((hour - 9) * np.pi / 12)
demand = level * rng.gamma(16, 1 / 16, len(hour))
features = np.column_stack([f(k * hour * np.pi / 12) for k in (1, 2, 3) for f in (np.sin, np.cos)])
seen, new = train_test_split(np.arange(len(hour)), random_state=0)


def forecast(loss, **parameters):
    """What is predicted for new hours by a model of those that were seen."""
    objective = fl.linear.objective(loss, features[seen], demand[seen], **parameters)
    start = np.append(np.zeros(features.shape[1]), demand[seen].mean())
    w = minimize(objective, start, jac=True, method="L-BFGS-B").x
    return features[new] @ w[:-1] + w[-1]


low, mean, high = forecast(fl.quantile, alpha=0.05), forecast(fl.mse), forecast(fl.quantile, alpha=0.95)
spread = 1.645 * np.std(demand[new] - mean)
quiet, busy = level[new] < 40, level[new] > 80
coverage = {}
for name, (below, above) in {"quantiles": (low, high), "mean ± 1.645 σ": (mean - spread, mean + spread)}.items():
    inside = (below <= demand[new]) & (demand[new] <= above)
    coverage[name] = [inside.mean(), inside[quiet].mean(), inside[busy].mean()]
    print(
        f"{name:15} inside: {inside.mean():.0%} of all, {inside[quiet].mean():.0%} when quiet, {inside[busy].mean():.0%} when busy"
    )

# Both were to hold 90 % of what comes. The interval of one width does so on the whole, and is wrong at every hour; the
# two quantiles know when it is busy. `fl.quantile(low, target, alpha=0.05)` also judges them: it is what forecasters
# call the pinball loss.

order = np.argsort(hour[new])
ax = plot.new(width=8.0)
ax.plot(hour[new], demand[new], ".", color="0.7", markersize=2)
for i, (name, y) in enumerate({"5 %": low, "mean": mean, "95 %": high}.items()):
    ax.plot(hour[new][order], y[order], label=name, markevery=300, **plot.style(i, 3))
ax.set(xlabel="hour of the day", ylabel="demand")
plot.dress(ax)
plot.explain(ax, alone=True)
show(ax, "interval", "Demand by the hour, its mean, and the quantiles between which nine of ten lie")

# ## A booster with another loss
#
# Boosted trees take a loss as gradient and curvature. Each tool has conventions of its own (the order of arguments,
# sums or means, labels, where it starts), which `fastloss.adapters` knows. The **focal** loss lets samples that are
# right already count for little, which is meant for data like these: one in fifty is positive, one label in a hundred
# is wrong.

X, label = make_classification(
    20_000, n_features=20, n_informative=6, weights=[0.98], flip_y=0.01, class_sep=0.8, random_state=0
)
X, X_new, label, label_new = train_test_split(X, label, stratify=label, random_state=0)


def booster():
    """A classifier of whichever tool is installed, and how it is asked for scores."""
    try:
        import lightgbm

        from fastloss.adapters.lightgbm import objective

        return objective, lambda f: lightgbm.LGBMClassifier(objective=f, verbose=-1), {"raw_score": True}
    except ImportError:
        import xgboost

        from fastloss.adapters.xgboost import objective

        return objective, lambda f: xgboost.XGBClassifier(objective=f), {"output_margin": True}


precision = {}
try:
    objective, make, raw = booster()
except ImportError:
    print("Neither LightGBM nor XGBoost is installed: nothing is boosted.")
else:
    for loss, own in {"sigmoid_cross_entropy": {}, "sigmoid_focal": {"gamma": 2.0}}.items():
        score = make(objective(loss, **own)).fit(X, label).predict(X_new, **raw)
        precision[loss] = average_precision_score(label_new, score)
        calibration = fl.sigmoid(score).mean() / label_new.mean()
        print(
            f"{loss:22} average precision {precision[loss]:.2f}, predicts {calibration:.1f} times as many as there are"
        )

# Whether it helps depends on the data, and takes one line to try. What it costs is certain: its scores are not log odds
# any more. Where probabilities are wanted, stay with the cross-entropy.
#
# ## A cost over files
#
# Predictions of a large model lie in files, one for each part. An `Accumulator` takes them one by one, in any order,
# and gives what one call on all of them would give; it can be pickled and merged, so that each of several processes can
# have its own.

parts = folder / "parts"
parts.mkdir(exist_ok=True)
for i, piece in enumerate(np.array_split(np.arange(len(new)), 5)):
    np.savez(parts / f"{i}.npz", pred=low[piece], target=demand[new][piece])

total = fl.Accumulator("quantile", alpha=0.05)
for path in sorted(parts.glob("*.npz"), reverse=True):
    with np.load(path) as part:
        total.update(part["pred"], part["target"])
whole = fl.quantile(low, demand[new], alpha=0.05)
print(f"five files {total.compute():.6f}, at once {whole:.6f}")

# The command line does the same for files of any size, without a program: `python -m fastloss score PRED TARGET --loss
# quantile:alpha=0.05`.
#
# From here: [which loss](choosing.md) for what, [every call](calls.md) in full, [linear models](linear.md), and [use it
# with](trainers/index.md) the tool that you have.
