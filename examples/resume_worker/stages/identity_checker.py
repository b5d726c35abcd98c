"""
Checking that the document describes only one person.
"""

from workerctl.settings import get_settings

from .llm import Answer, ask

_INSTRUCTION = "Count the people whose résumé this text is. Answer with JSON only."


class Identity(Answer):
    """
    The number of people that a document describes.
    """

    people: int

    @property
    def should_reject(self) -> bool:
        """
        Whether the document would merge several people into one candidate.
        """
        return self.people > 1


async def check(text: str) -> Identity:
    """
    Count the people with the small model, which is sufficient for this.
    """
    return await ask(
        get_settings().OPENAI_MINI_MODEL, "identity_check", Identity, _INSTRUCTION, text
    )
