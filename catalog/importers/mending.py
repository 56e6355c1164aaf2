"""Texts that a program has spoilt in a known way: UTF-8 read as Windows-1252 and written as UTF-8 again."""


def without_mojibake(text: str) -> str:
    """Return GrÃ¶ÃŸe as Größe; any text as it is that no program has encoded twice.

    What is another text as a whole, once its characters are taken for bytes, was not meant as it stands.
    """
    if text.isascii():
        return text
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text
