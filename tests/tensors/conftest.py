"""What tests of tensors hold functions to: transforms, the compiler, other layouts and types."""

import pytest

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def same_numbers():
    torch.manual_seed(0)
    yield
    torch._dynamo.reset()


def derivatives(function, x):
    """First and second derivatives, forwards and backwards, singly and in batches."""
    check = torch.autograd.gradcheck
    assert check(
        function,
        (x,),
        check_forward_ad=True,
        check_batched_grad=True,
        check_batched_forward_grad=True,
    )
    assert torch.autograd.gradgradcheck(
        function, (x,), check_fwd_over_rev=True, check_rev_over_rev=True
    )


def transforms(function, x):
    """What `torch.func` makes of a function is what autograd makes of it."""
    x = x.detach()
    by_rows, by_columns = torch.func.jacrev(function)(x), torch.func.jacfwd(function)(x)
    torch.testing.assert_close(by_rows, by_columns)
    torch.testing.assert_close(by_rows, torch.autograd.functional.jacobian(function, x))
    batch = torch.stack([x, 2 * x])
    torch.testing.assert_close(
        torch.func.vmap(function)(batch), torch.stack([function(x), function(2 * x)])
    )
    torch.testing.assert_close(
        torch.func.hessian(lambda x: function(x).sum())(x),
        torch.autograd.functional.hessian(lambda x: function(x).sum(), x),
    )


def compiles(function, x):
    """In one graph, to the same bits; the gradient, and that of `torch.func`, too."""
    compiled = torch.compile(function, fullgraph=True, backend="aot_eager")
    got, expected = compiled(x), function(x)
    assert torch.equal(got, expected)
    (got_grad,) = torch.autograd.grad(got.sum(), x)
    (expected_grad,) = torch.autograd.grad(expected.sum(), x)
    torch.testing.assert_close(got_grad, expected_grad, rtol=1e-14, atol=1e-300)
    grad = torch.func.grad(lambda x: function(x).sum())
    in_graph = torch.compile(grad, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(in_graph(x.detach()), expected_grad, rtol=1e-14, atol=1e-300)
