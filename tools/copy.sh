# Sourced by the other scripts: goes into a copy of the tree, and an environment of its own, in `$folder`, which goes at the end.
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/tree"
git ls-files -z | xargs -0 cp --parents -t "$folder/tree"
cd "$folder/tree"
"${PYTHON:-python3}" -m venv "$folder/venv"
. "$folder/venv/bin/activate"
