"""The pages that are written: nothing on them is blocked, and what does not belong there is."""

import pytest

import normexp as nex
from normexp._policy import content_policy
from normexp.explanation.render import html as explanation

LISTEN = """
window.blocked = [];
addEventListener("securitypolicyviolation", (event) => {
  blocked.push(event.effectiveDirective + " " + event.blockedURI);
});
"""


@pytest.fixture(params=["images", "table", "explanation"])
def html(request, rendered):
    if request.param == "explanation":
        return explanation.page(nex.explain([2.0, 1.0, 0.1], 0))
    return rendered(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def opened(chromium, tmp_path_factory):
    """opened(html): the page, and what it was kept from, once it is drawn."""
    window = chromium.new_page()
    window.add_init_script(LISTEN)
    file = tmp_path_factory.mktemp("policy") / "page.html"

    def open_page(html):
        file.write_text(html, encoding="utf-8")
        window.goto(file.as_uri(), wait_until="load")
        window.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
        return window, window.evaluate("blocked")

    yield open_page
    window.close()


def test_nothing_of_a_page_is_blocked(opened, html):
    window, blocked = opened(html)
    assert blocked == []
    assert window.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
    background = "getComputedStyle(document.body).backgroundColor"
    assert window.evaluate(background) == "rgb(253, 252, 249)"


@pytest.mark.parametrize(
    ("intruder", "directive"),
    [
        ("<script>document.title = 'run'</script>", "script-src-elem inline"),
        ("<b onclick=\"document.title = 'run'\">here</b>", "script-src-attr inline"),
        ('<img src="file:///none.png">', "img-src file"),
        ('<iframe src="about:blank#"></iframe><base href="file:///none/">', "base-uri file"),
    ],
)
def test_what_is_none_of_a_page_is_blocked(opened, html, intruder, directive):
    window, blocked = opened(html.replace("</body>", f"{intruder}</body>"))
    if "onclick" in intruder:
        window.locator("b", has_text="here").last.dispatch_event("click")
        blocked = window.evaluate("blocked")
    assert directive in blocked
    assert window.title() != "run"


def test_a_script_runs_where_the_policy_knows_it(opened):
    policy = content_policy("document.title = 'mine'")
    page = (
        '<!doctype html><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        "<script>document.title = 'mine'</script><script>document.title = 'another'</script>"
    )
    window, blocked = opened(page)
    assert window.title() == "mine"
    assert blocked == ["script-src-elem inline"]
