"""Images listed in a text file: ``path<TAB>class``, one a line, paths relative to the file."""

from pathlib import Path

from visionft.data.listing import DataFormat, Entry, Listing
from visionft.data.naming import natural_order
from visionft.data.targets.label import Label, RawLabel
from visionft.errors import DataError

NAME = "index.lst"


class Index(DataFormat):
    kind = "index"
    target = Label

    @classmethod
    def recognises(cls, path):
        return path.suffix == ".lst" if path.is_file() else (path / NAME).is_file()

    def read(self, path):
        if path is None or not self.recognises(path):
            raise DataError(f"{path}: no index; give a .lst file of lines 'path<TAB>class', or a folder with {NAME}")
        file = path / NAME if path.is_dir() else path
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise DataError(f"{file}: is not UTF-8 text ({error.reason}); save it as such") from error
        entries = {}
        for number, line in enumerate(lines, start=1):
            name, tab, label = line.partition("\t")
            if not (name and tab and label.strip()):
                raise DataError(f"{file}:{number}: {line!r}; a path, a tab and a class are needed")
            entries[name] = Entry(Path(name).as_posix(), file.parent / name, RawLabel(label.strip()))
        classes = natural_order(entry.target.name for entry in entries.values())
        return Listing(file.parent.name, tuple(entries.values()), classes, self.target, source=str(file))
