import json

import ml_dtypes
import numpy as np
import pytest
from click.testing import CliRunner

import normexp as nex
from normexp.cli.commands import normexp as command

LOGITS = np.array([[20, 0, 0], [1, 2, 0]], np.float32)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in a folder that holds logits.npy and labels.npy, of which one is wrong."""
    monkeypatch.chdir(tmp_path)
    np.save("logits.npy", LOGITS)
    np.save("labels.npy", [0, 7])

    def invoke(*arguments):
        return CliRunner().invoke(command, ["diagnose", *map(str, arguments)])

    return invoke


def refuses(result, *words):
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("normexp: ")
    for word in words:
        assert word in result.stderr
    return True


def test_it_prints_the_diagnosis_and_ends_with_1_where_it_found_an_error(run):
    result = run("logits.npy", "--target", "labels.npy")
    assert result.stdout == f"{nex.diagnose(LOGITS, [0, 7])}\n"
    assert result.exit_code == 1


def test_warnings_alone_end_with_0(run):
    result = run("logits.npy")
    assert result.stdout.startswith("1 warning: 2 rows of 3 classes in float32\n")
    assert result.exit_code == 0


def test_healthy_logits_are_one_line(run):
    np.save("fine.npy", np.random.default_rng(0).normal(size=(50, 7)))
    result = run("fine.npy")
    assert result.stdout == "Healthy: 50 rows of 7 classes in float64\n"
    assert result.exit_code == 0


def test_one_npz_file_holds_logits_target_and_mask(run):
    where = np.array([[True, True, False], [True, True, True]])
    np.savez_compressed("batch.npz", logits=LOGITS, target=[2, 0], where=where)
    result = run("batch.npz")
    assert result.stdout == f"{nex.diagnose(LOGITS, [2, 0], where=where)}\n"
    assert "targets that the mask leaves out" in result.stdout
    np.save("where.npy", np.full((2, 3), True))
    assert "leaves out" not in run("batch.npz", "--where", "where.npy").stdout


def test_json_is_the_diagnosis_as_plain_values(run):
    np.save("logits.npy", np.array([[np.nan, 0, 0], [1, 2, 0]]))
    result = run("logits.npy", "--target", "labels.npy", "--json")
    plain = json.loads(result.stdout)
    assert plain["ok"] is False
    assert plain["value"] == "nan"
    assert [finding["kind"] for finding in plain["findings"]] == ["nan", "label-too-large"]
    assert result.exit_code == 1


def test_it_speaks_chinese(run):
    result = run("logits.npy", "--target", "labels.npy", "--language", "zh")
    assert result.stdout == f"{nex.diagnose(LOGITS, [0, 7], language='zh')}\n"


def test_the_loss_its_axis_and_the_ignored_label_can_be_chosen(run):
    np.save("columns.npy", LOGITS.T)
    assert run("columns.npy", "--axis", 0).stdout == run("logits.npy").stdout
    result = run("logits.npy", "--target", "labels.npy", "--ignore-index", 7)
    assert "ignored rows (1 row: 1)" in result.stdout
    assert result.exit_code == 0
    won = run("logits.npy", "--target", "labels.npy", "--ignore-index", 7, "--loss", "svm")
    assert "every margin is won" in won.stdout
    np.save("yes.npy", np.zeros((2, 3)))
    binary = run("logits.npy", "--target", "yes.npy", "--loss", "binary")
    assert "6 rows of yes or no in float32" in binary.stdout


def test_bfloat16_is_known_by_its_two_bytes(run):
    np.save("half.npy", np.array([[8, 0], [1, 2]], ml_dtypes.bfloat16))
    assert "2 rows of 2 classes in bfloat16" in run("half.npy").stdout


def test_what_is_no_array_of_logits_is_refused_in_one_line(run, tmp_path):
    assert refuses(run("none.npy"), "none.npy", "No such file")
    assert refuses(run("logits.npy", "--target", "none.npy"), "none.npy")
    (tmp_path / "text.npy").write_text("logits")
    assert refuses(run("text.npy"), "text.npy", ".npy or .npz")
    (tmp_path / "cut.npy").write_bytes((tmp_path / "logits.npy").read_bytes()[:-4])
    assert refuses(run("cut.npy"), "cut.npy", "cut off or damaged")
    np.savez("names.npz", scores=LOGITS, labels=[0, 1])
    assert refuses(run("names.npz"), "no array called logits", "scores, labels")
    assert refuses(run("logits.npy", "--target", "names.npz"), "expected one array, got 2")
    assert refuses(run("logits.npy", "--axis", 2), "axis 2 is out of range")
    assert refuses(run("logits.npy", "--target", "logits.npy", "--loss", "svm"), "class ids")
    np.save("objects.npy", np.array([{}], object), allow_pickle=True)
    assert refuses(run("objects.npy"), "Python objects")
    np.save("text.npy", np.array(["a"]))
    assert refuses(run("text.npy"), "logits must hold")
