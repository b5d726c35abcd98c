"""
Whether the document is about one person.
"""

from workerctl.settings import get_settings

from .llm import Answer, ask

_INSTRUCTION = "Count the people whose résumé this text is. Answer with JSON only."


class Identity(Answer):
    """
    How many people a document is about.
    """

    people: int

    @property
    def should_reject(self) -> bool:
        """
        Whether two people would become one candidate.
        """
        return self.people > 1


async def check(text: str) -> Identity:
    """
    Ask the small model, which is enough for counting.
    """
    return await ask(
        get_settings().OPENAI_MINI_MODEL, "identity_check", Identity, _INSTRUCTION, text
    )
