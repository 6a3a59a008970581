"""Drop-ins in the place of PyTorch's functions, and back."""

import threading

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - the page of a user

import normexp.torch as room
from normexp.torch.installing import DROP_INS

Z = torch.tensor([[40.0, 0.0]])
Y = torch.tensor([0])
BEFORE = {one.__name__: getattr(F, one.__name__) for one in DROP_INS}


def is_ours():
    return F.cross_entropy(Z, Y).item() > 0


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    room.uninstall()
    assert all(getattr(F, name) is function for name, function in BEFORE.items())


def test_there_and_back():
    loss = nn.CrossEntropyLoss()
    assert loss(Z, Y) == 0
    room.install()
    room.install()
    assert loss(Z, Y) > 0
    assert nn.NLLLoss()(nn.LogSoftmax(1)(Z), Y) > 0
    assert torch.log_softmax(Z, 1)[0, 0] == 0  # PyTorch's, as it says
    room.uninstall()
    assert loss(Z, Y) == 0
    room.uninstall()
    assert not is_ours()


def test_every_function_is_replaced():
    with room.installed():
        for one in DROP_INS:
            assert getattr(F, one.__name__).drop_in is one


def test_blocks_in_blocks_and_errors():
    with room.installed():
        with room.installed():
            assert is_ours()
        assert is_ours()
        room.uninstall()
        assert is_ours()  # the block is still at work
    assert not is_ours()
    room.install()
    with pytest.raises(KeyError), room.installed():
        raise KeyError
    assert is_ours()
    room.uninstall()
    assert not is_ours()


def test_blocks_in_threads():
    inside, may_end = threading.Event(), threading.Event()

    def work():
        with room.installed():
            inside.set()
            may_end.wait(10)

    thread = threading.Thread(target=work)
    with room.installed():
        thread.start()
        assert inside.wait(10)
    assert is_ours()
    may_end.set()
    thread.join()
    assert not is_ours()


def test_somebody_elses_function_is_left():
    room.install()
    try:
        F.cross_entropy = somebody = lambda *args: "else"
        room.uninstall()
        assert F.cross_entropy is somebody
    finally:
        F.cross_entropy = BEFORE["cross_entropy"]


class Own(torch.Tensor):
    """A type of tensors of a user's own, that looks at which function it is given to."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function is BEFORE["cross_entropy"]:
            return "own"
        return super().__torch_function__(function, types, args, kwargs or {})


def test_what_ours_does_not_take_is_pytorchs():
    shares = torch.softmax(torch.randn(2, 3), 1)
    complex_ones = torch.randn(2, 3, dtype=torch.complex64)
    calls = [
        lambda: F.sigmoid(complex_ones),
        lambda: F.cross_entropy(torch.ones(2, 3), -shares),
        lambda: F.binary_cross_entropy_with_logits(torch.ones(2, 3), shares - 1),
        lambda: F.softmax(torch.ones(2, 3).as_subclass(Own), 1),
    ]
    for call in calls:
        expected = call()
        with room.installed():
            got = call()
        assert type(got) is type(expected)
        assert torch.equal(got, expected)
    with room.installed():
        assert F.cross_entropy(Z.as_subclass(Own), Y) == "own"
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
    with room.installed():
        assert F.softmax(nested, -1).is_nested


def test_errors_are_pytorchs():
    with room.installed():
        with pytest.raises(IndexError, match="Target 5 is out of bounds"):
            F.cross_entropy(Z, Y + 5)
        with pytest.raises(TypeError, match="must be Tensor, not list"):
            F.cross_entropy([1.0], Y)
        with pytest.raises(TypeError, match="unexpected keyword"):
            F.cross_entropy(Z, Y, nothing=1)


def test_compiled_programs_notice():
    @torch.compile(fullgraph=True, backend="aot_eager")
    def loss(z, y):
        return F.cross_entropy(z, y)

    z = Z.clone().requires_grad_()
    assert loss(z, Y) == 0
    with room.installed():
        value = loss(z, Y)
        value.backward()
        assert value > 0
        assert z.grad[0, 0] < 0
    assert loss(z, Y) == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_scripts_are_pytorchs():
    with room.installed():
        scripted = torch.jit.script(nn.CrossEntropyLoss())
        assert scripted(Z, Y) == 0


def test_symbolic_traces_are_pytorchs():
    with room.installed():
        graph = torch.fx.symbolic_trace(nn.CrossEntropyLoss()).graph
    assert BEFORE["cross_entropy"] in [node.target for node in graph.nodes]


def test_attention_computes_with_ours():
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    x = torch.randn(1, 3, 4)
    expected, weights = attention(x, x, x)
    with room.installed():
        got, of_ours = attention(x, x, x)
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(of_ours, weights)
