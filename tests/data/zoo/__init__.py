"""A zoo of data sets as tools write them, each tiny, and what automatic detection must make of each.

A layout is a function that writes a tree below an empty folder, declared with what must come out::

    @layout("Roboflow, YOLOv8", format="yolo", task="detection", classes=("cat", "dog"), images={"train": 3}, labels=4)
    def roboflow(root):
        picture(root / "train/images/0.jpg")
        ...

It lives in the file of its kind (``classes``, ``coco``, ``yolo``, ``voc``, ``masks``, ``tables``), and no other
line is needed: ``test_zoo`` reads it without being told a task, ``test_mutations`` drops and renames what it consists
of, and asks that nothing is lost without a word. ``images`` counts what the data *state*, ``none`` standing for images
that they put into no split. ``given`` is the file that a user names, where that is not the folder. What nobody can know
is declared with ``asks``: the overrides that the message must advise; the test follows them, and the other values are
what must come out then. ``asks=()`` is a tree that cannot be read at all.
"""
