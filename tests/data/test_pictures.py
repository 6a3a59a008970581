import sys

import numpy as np
import pytest
from PIL import Image

from normexp.data import load

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (4, 5), np.uint8)
COLOUR = RNG.integers(0, 256, (4, 5, 3), np.uint8)


def save(path, pixels, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)


def test_a_folder_for_each_class(tmp_path):
    save(tmp_path / "dog" / "1.png", COLOUR)
    save(tmp_path / "cat" / "b.bmp", COLOUR[::-1])
    save(tmp_path / "cat" / "a.PNG", COLOUR[:, ::-1])
    (tmp_path / "cat" / "notes.txt").write_text("not a picture")
    (tmp_path / "cat" / "._a.png").write_text("what macOS adds")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "empty").mkdir()
    data = load(tmp_path)
    assert data.target.tolist() == ["cat", "cat", "dog"]
    assert data.image_shape == (4, 5, 3)
    expected = np.stack([COLOUR[:, ::-1], COLOUR[::-1], COLOUR])
    np.testing.assert_array_equal(data.features.reshape(3, 4, 5, 3), expected)
    assert data.notes == ("without a picture: 'empty'",)


@pytest.mark.parametrize(("train", "test"), [("train", "test"), ("training", "testing")])
def test_the_classes_may_stand_in_two_parts(tmp_path, train, test):
    for label in "01":
        save(tmp_path / train / label / "1.png", GREY)
        save(tmp_path / test / label / "1.png", GREY[::-1])
    assert load(tmp_path).features.tolist() == [GREY.ravel().tolist()] * 2
    data = load(tmp_path, split="test")
    assert data.features.tolist() == [GREY[::-1].ravel().tolist()] * 2
    assert data.target.tolist() == ["0", "1"]
    assert data.notes == (f"the pictures in '{test}' read",)
    with pytest.raises(ValueError, match=f"split: {train} has no folders train and test"):
        load(tmp_path / train, split="test")


def test_pictures_without_classes_and_one_alone_can_be_predicted(tmp_path):
    save(tmp_path / "2.png", GREY)
    save(tmp_path / "1.png", GREY[::-1])
    data = load(tmp_path, require_target=False)
    assert data.features.tolist() == [GREY[::-1].ravel().tolist(), GREY.ravel().tolist()]
    with pytest.raises(ValueError, match="not in a folder for each class, whose name is the label"):
        load(tmp_path)
    one = load(tmp_path / "2.png", require_target=False)
    assert one.features.tolist() == [GREY.ravel().tolist()]
    assert one.image_shape == (4, 5)


@pytest.mark.parametrize("mode", ["L", "LA", "P"])
def test_shades_of_grey_are_one_number_to_a_pixel(tmp_path, mode):
    save(tmp_path / "a" / "1.png", GREY, mode)
    save(tmp_path / "b" / "1.png", GREY)
    data = load(tmp_path)
    assert data.image_shape == (4, 5)
    assert data.features.tolist() == [GREY.ravel().tolist()] * 2
    noted = "pictures with transparency, which is left out: 1" in data.notes
    assert noted == (mode == "LA")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_picture_in_colour_makes_all_coloured(tmp_path, mode):
    save(tmp_path / "a" / "1.png", COLOUR, mode)
    save(tmp_path / "b" / "1.png", GREY)
    data = load(tmp_path)
    assert data.image_shape == (4, 5, 3)
    expected = np.stack([COLOUR, np.repeat(GREY[..., None], 3, axis=2)])
    np.testing.assert_array_equal(data.features.reshape(expected.shape), expected)
    assert "pictures in grey among others in colour: 1" in data.notes
    assert ("pictures with transparency, which is left out: 1" in data.notes) == (mode == "RGBA")


def test_a_palette_is_looked_up(tmp_path):
    image = Image.new("P", (5, 4))
    image.putpalette([10, 20, 30, 200, 100, 0])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "p.png")
    data = load(tmp_path / "p.png", require_target=False)
    assert data.features[0, :6].tolist() == [10, 20, 30, 200, 100, 0]


def test_more_than_256_shades_are_kept(tmp_path):
    deep = RNG.integers(0, 2**16, (4, 5), np.uint16)
    save(tmp_path / "a" / "1.png", deep)
    save(tmp_path / "b" / "1.png", deep[::-1])
    data = load(tmp_path)
    np.testing.assert_array_equal(data.features.reshape(2, 4, 5), [deep, deep[::-1]])
    save(tmp_path / "b" / "2.png", GREY)
    with pytest.raises(ValueError, match="some pictures have 256 shades, others more"):
        load(tmp_path)


def test_a_photograph_is_turned_upright_and_a_film_is_its_first_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    save(tmp_path / "a" / "1.png", GREY, exif=exif)
    save(tmp_path / "b" / "1.png", np.rot90(GREY, -1))
    data = load(tmp_path)
    assert data.image_shape == (5, 4)
    assert data.features[0].tolist() == data.features[1].tolist()
    frames = [Image.fromarray(np.full((4, 5), shade, np.uint8)) for shade in (10, 20)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    film = load(tmp_path / "film.gif", require_target=False)
    assert set(film.features.ravel().tolist()) == {10}
    assert film.notes == ("pictures in motion, of which the first frame is taken: 1",)


def test_a_library_that_is_not_there_is_named(tmp_path, monkeypatch):
    save(tmp_path / "1.png", GREY)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ValueError, match="pictures are read by Pillow: pip install pillow"):
        load(tmp_path / "1.png", require_target=False)


def test_pictures_of_two_sizes_are_refused_by_name(tmp_path):
    save(tmp_path / "a" / "1.png", GREY)
    save(tmp_path / "b" / "2.png", GREY.T.copy())
    with pytest.raises(ValueError, match=r"1\.png has 5×4 pixels, 2\.png 4×5: bring them"):
        load(tmp_path)


def test_pictures_beside_the_classes_are_refused(tmp_path):
    save(tmp_path / "a" / "1.png", GREY)
    save(tmp_path / "2.png", GREY)
    with pytest.raises(ValueError, match=r"but 2\.png stands beside the 1 folder"):
        load(tmp_path)


def test_a_cut_picture_another_format_and_a_huge_one_are_refused(tmp_path):
    path = tmp_path / "1.png"
    save(path, COLOUR)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match=r"1\.png is cut off or damaged"):
        load(path, require_target=False)
    path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n")
    with pytest.raises(ValueError, match=r"1\.png is cut off or damaged: cannot identify"):
        load(path, require_target=False)
    Image.new("1", (15_000, 15_000)).save(path)
    with pytest.raises(ValueError, match=r"1\.png (is cut off or damaged|holds, or unpacks to)"):
        load(path, require_target=False, max_size=10**8)
    save(tmp_path / "a" / "1.png", GREY)
    path.unlink()
    for number in range(60):
        save(tmp_path / "a" / f"{number}.png", GREY)
    with pytest.raises(ValueError, match="holds, or unpacks to, more than 1 kB"):
        load(tmp_path, max_size=1000)
