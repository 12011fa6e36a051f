import unicodedata

from visionft.data.file_finder import FileFinder

NFC, NFD = (unicodedata.normalize(form, "\u00e9t\u00e9.jpg") for form in ("NFC", "NFD"))


def test_a_file_that_is_there_is_found_without_a_word(tmp_path):
    (tmp_path / "a.jpg").touch()
    finder = FileFinder()
    assert finder.find(tmp_path / "a.jpg") == tmp_path / "a.jpg"
    assert finder.problems("list") == []


def test_other_forms_of_unicode_and_letter_case_are_found_and_told(tmp_path):
    for name in (NFD, "IMG_1.JPG", "Images/B.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    finder = FileFinder()
    assert finder.find(tmp_path / NFC) == tmp_path / NFD
    assert finder.find(tmp_path / "img_1.jpg") == tmp_path / "IMG_1.JPG"
    assert finder.find(tmp_path / "images/b.PNG") == tmp_path / "Images/B.png"
    (problem,) = finder.problems("list.csv")
    assert problem.where == "list.csv"
    assert "3 names are found" in problem.what or "4 names are found" in problem.what
    assert "'img_1.jpg' for 'IMG_1.JPG'" in problem.what


def test_of_several_nobody_knows_which_is_meant(tmp_path):
    for name in ("a.jpg", "A.jpg"):
        (tmp_path / name).touch()
    assert FileFinder().find(tmp_path / "A.JPG") is None
    assert FileFinder().find(tmp_path / "a.jpg") == tmp_path / "a.jpg"


def test_what_is_not_there_is_not_found(tmp_path):
    finder = FileFinder()
    assert finder.find(tmp_path / "absent/a.jpg") is None
    assert finder.find(tmp_path / ("x" * 300)) is None
    assert finder.problems("list") == []
