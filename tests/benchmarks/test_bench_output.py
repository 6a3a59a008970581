import json
import os
import re

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from benchmarks import machine, plot, printing, svm
from benchmarks.commands import benchmarks
from benchmarks.results import Benchmark
from normexp.cli import terminal


def run(*arguments):
    return CliRunner().invoke(benchmarks, ["speed", *map(str, arguments)])


@pytest.fixture
def saved(benchmark, tmp_path):
    path = tmp_path / "speed.json"
    path.write_text(json.dumps(benchmark.to_dict()))
    return path


def test_the_tables_show_times_errors_ratios_and_goals(benchmark, capsys):
    printing.show(benchmark)
    lines = capsys.readouterr().out.splitlines()
    assert any("a processor (znver4), 2 cores, L1 32 KiB, L3 32768 KiB" in line for line in lines)
    assert "left out: jax is not installed" in lines
    first = next(i for i, line in enumerate(lines) if line.startswith(" softmax"))
    assert lines[first].split() == [
        *(
            "softmax",
            "64×1000",
            "2.20",
            "±5%",
            "1.10",
            "±5%",
            "4.40",
            "±5%",
            "22.0",
            "±5%",
            "0.550",
            "±5%",
        ),
        *("2.00", "≥", "1.4", "4.00", "≥", "2.2", "10.00", "≥", "4", "20.00", "≥", "6"),
    ]
    assert lines[first + 1].split() == ["0.50", "ULP"] * 4 + ["met"] * 4


def test_what_was_missed_is_said_at_the_end(benchmark, capsys):
    printing.show(benchmark)
    text = capsys.readouterr().out
    assert "missed: softmax 65536×10, torch / normexp 2.00 of 15" in text
    assert "missed: normexp softmax, empty cache, 1.90 s of 1.5 s" in text
    met = sum(v.is_met is True for row in benchmark.rows for v in row.verdicts(benchmark.cache))
    assert f"goals: {met + 1} met" in text


def test_a_result_that_is_too_wrong_is_said_at_the_end(benchmark, capsys):
    row = benchmark.rows[0]
    row.timings["normexp"] = row.timings["normexp"]._replace(ulp=float("nan"))
    row.timings["normexp fast"] = row.timings["normexp fast"]._replace(ulp=5.0)
    printing.show(benchmark)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "too wrong: softmax 64×1000, normexp, nan ULP of 0.51",
        "too wrong: softmax 64×1000, normexp fast, 5 ULP of 4.0",
    ]


@pytest.mark.parametrize(("suffix", "first"), [(".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_the_picture_is_what_its_name_says(benchmark, suffix, first):
    assert plot.drawn(benchmark, suffix).startswith(first)


def test_the_picture_names_everyone_and_every_shape(benchmark):
    text = plot.drawn(benchmark, ".svg").decode()
    for words in ("normexp fast", "torch", "SciPy", "np.copyto", "256×128256", "65536×2", "znver4"):
        assert words in text
    assert "scikit-learn" not in text  # which did not take part


def test_a_tiny_shape_is_measured_from_the_command_line(tmp_path):
    output, picture = tmp_path / "speed.json", tmp_path / "speed.svg"
    result = run(
        *("--quick", "--work", "softmax", "--shape", "4x3", "-o", output, "--plot", picture)
    )
    assert result.exit_code == 0, result.output
    assert "as asked" in result.stdout
    assert "4×3" in result.stdout
    *before, wrote_output, wrote_picture = result.stderr.splitlines()
    assert (wrote_output, wrote_picture) == (f"Wrote {output}.", f"Wrote {picture}.")
    assert all(line.startswith("The machine is busy") for line in before)
    found = json.loads(output.read_text())
    assert found["machine"]["versions"]["numpy"]
    (row,) = found["rows"]
    assert row["timings"]["normexp"]["ns_per_element"] > 0
    assert row["timings"]["normexp"]["ulp"] <= 0.51
    assert found["starts"] == []


def test_what_is_read_is_not_written_over(saved):
    result = run("--read", saved, "-o", saved)
    assert result.exit_code == 2
    assert "it is what is read" in result.stderr
    assert json.loads(saved.read_text())["rows"]


def test_without_a_command_all_are_measured_but_the_instructions(monkeypatch):
    said = []
    for name in ("accuracy", "optima", "instructions"):
        monkeypatch.setattr(f"benchmarks.{name}.main", lambda *_, name=name: said.append(name))
    monkeypatch.setattr("benchmarks.speed.benchmark", lambda *_, **__: said.append("speed"))
    monkeypatch.setattr("benchmarks.printing.show", lambda found: None)
    assert CliRunner().invoke(benchmarks, []).exit_code == 0
    assert said == ["speed", "accuracy", "optima"]
    assert CliRunner().invoke(benchmarks, ["instructions"]).exit_code == 0
    assert said[3:] == ["instructions"]


def test_the_worst_of_all_values_is_printed():
    arguments = ["exhaustive", "--dtype", "bfloat16", "--work", "sigmoid"]
    result = CliRunner().invoke(benchmarks, arguments)
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"bfloat16 sigmoid +0\.[45]\d{3} ULP, of \[-?[0-9.e-]+\]\n", result.stdout)


def test_a_saved_benchmark_is_shown_as_it_was(saved, benchmark):
    result = run("--read", saved)
    assert result.exit_code == 0, result.output
    assert "missed: softmax 65536×10" in result.stdout
    plain = json.loads(run("--read", saved, "--json").stdout)
    assert Benchmark.from_dict(plain) == benchmark


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--shape", "4xx3"], "such as 4096x1000"),
        (["--plot", "speed.gif"], ".svg or .png"),
        (["-o", "speed.txt"], "ends in .json"),
        (["--work", "sums"], "sums"),
        (["--threads", "0"], "0"),
    ],
)
def test_bad_input_is_one_line(arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert words in result.stderr


def test_the_caches_are_read_from_what_linux_says(tmp_path):
    told = [("1", "Data", "32K"), ("1", "Instruction", "64K"), ("3", "Unified", "32768K")]
    for i, facts in enumerate(told):
        folder = tmp_path / "cache" / f"index{i}"
        folder.mkdir(parents=True)
        for name, fact in zip(("level", "type", "size"), facts, strict=True):
            (folder / name).write_text(fact + "\n")
    assert machine.caches(tmp_path) == {"L1": 32 << 10, "L3": 32 << 20}
    assert machine.caches(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("columns", [100, 80, 60])
def test_the_tables_of_bench_fit_the_terminal(benchmark, monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("FORCE_COLOR", "1")
    printing.show(benchmark)
    lines = [
        line.rstrip()
        for line in re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    ]
    assert [line for line in lines if cell_len(line) > columns] == []
    cells = [line.split() for line in lines if "64×1000" in line]
    measured = {cell for line in cells for cell in line}
    assert {"2.20", "1.10", "4.40", "22.0", "0.550"} <= measured
    assert not any("…" in line for line in lines)


def test_a_busy_machine_is_named_before_anything_is_measured(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (1.9, 9.0, 9.0), raising=False)
    assert machine.busy() is None
    monkeypatch.setattr(os, "getloadavg", lambda: (3.21, 0.0, 0.0), raising=False)
    said = []
    monkeypatch.setattr(terminal, "note", said.append)
    monkeypatch.setattr("benchmarks.speed.benchmark", lambda *_, **__: said.append("measured"))
    run("--quick")
    assert said[0].startswith("The machine is busy: in the last minute 3.2 programs ran at a time")
    assert "4 cores" in said[0]
    assert said[1] == "measured"
    monkeypatch.delattr(os, "getloadavg")
    assert machine.busy() is None


def test_svms_are_compared_at_one_objective(monkeypatch, tmp_path):
    features, labels = svm.digits()
    monkeypatch.setattr(svm, "DATA", {"some digits": lambda: (features[::5], labels[::5])})
    monkeypatch.setattr(svm, "ALPHAS", (0.01,))
    output = tmp_path / "svm.json"
    result = CliRunner().invoke(benchmarks, ["svm", "--rounds", "1", "-o", str(output)])
    assert result.exit_code == 0
    assert "some digits" in result.stdout
    (row,) = json.loads(output.read_text())["rows"]
    assert row["peer_tolerance"] in svm.PEER_TOLERANCES
    assert 0 < row["seconds"] <= row["seconds_to_gap"]
    assert set(row["others"]) == set(svm.others(0.01))
