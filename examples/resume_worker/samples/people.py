"""
The people of the sample résumés. All are invented; their phone numbers and domains are unassigned.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Person(NamedTuple):
    """
    What a résumé says about a person. A worker has to encrypt the first four fields.
    """

    name: str
    phone: str
    email: str
    address: str
    skills: str
    portfolio: str
    about: tuple[str, ...]

    def lines(self, labels: Mapping[str, str]) -> list[tuple[str, str]]:
        """
        Return the label and the text of each line with personal data.
        """
        return [(label, getattr(self, field)) for field, label in labels.items()]


KOREAN: Mapping[str, str] = MappingProxyType(
    {
        "name": "이름",
        "phone": "연락처",
        "email": "이메일",
        "address": "주소",
        "skills": "기술",
        "portfolio": "포트폴리오",
    }
)
ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "name": "Name",
        "phone": "Phone",
        "email": "E-mail",
        "address": "Address",
        "skills": "Skills",
        "portfolio": "Portfolio",
    }
)

PEOPLE: Mapping[str, Person] = MappingProxyType(
    {
        "pdf": Person(
            name="홍길동",
            phone="010-0000-1101",
            email="gildong.hong@example.com",
            address="서울특별시 보기구 견본로 12, 101동 202호",
            skills="Python, Redis, PostgreSQL",
            portfolio="https://gildong.example/works",
            about=(
                "예시대학교 컴퓨터공학과를 졸업하고 7년 동안 백엔드 개발자로 일했습니다.",
                "2019년부터 2025년까지 가나다상사에서 주문 처리 시스템을 만들고 운영했습니다.",
                "하루 백만 건의 작업을 처리하는 대기열을 설계하여 지연 시간을 절반으로 줄였습니다.",
                "동료와 함께 문서를 쓰고 코드를 검토하는 일을 중요하게 생각합니다.",
            ),
        ),
        "docx": Person(
            name="Jane Sample",
            phone="+82 10-0000-2202",
            email="jane.sample@example.org",
            address="34 Specimen Street, Exampleville 00000",
            skills="Go, Kubernetes, Terraform",
            portfolio="https://jane.example/portfolio",
            about=(
                "Platform engineer with nine years of experience in running job queues.",
                "2021 to 2025: Example Works, where forty workers came to share one schema.",
                "2016 to 2021: Placeholder Systems, on call for the billing pipeline.",
                "Studied computer science at the University of Nowhere.",
            ),
        ),
        "hwp": Person(
            name="김보기",
            phone="010-0000-3303",
            email="bogi.kim@example.net",
            address="부산광역시 견본구 예시대로 345",
            skills="Java, Spring, Kafka",
            portfolio="https://bogi.example/projects",
            about=(
                "견본대학교 산업공학과를 졸업한 뒤 물류 회사에서 5년 동안 일했습니다.",
                "창고 재고를 실시간으로 집계하는 서비스를 처음부터 끝까지 맡아 개발했습니다.",
                "장애가 났을 때 원인을 기록하고 나누는 문화를 팀에 들여왔습니다.",
                "새로운 언어를 배우는 것을 좋아하며 영어와 일본어로 회의할 수 있습니다.",
            ),
        ),
        "hwpx": Person(
            name="이견본",
            phone="010-0000-4404",
            email="gyeonbon.lee@example.com",
            address="대전광역시 예시구 보기길 6, 7층",
            skills="TypeScript, React, Figma",
            portfolio="https://gyeonbon.example/design",
            about=(
                "보기대학교에서 시각디자인을 전공하고 화면 개발자로 일하고 있습니다.",
                "2020년부터 마바사연구소에서 채용 서비스의 화면을 설계하고 구현했습니다.",
                "접근성 지침에 맞추어 모든 화면을 자판만으로 쓸 수 있게 고쳤습니다.",
                "사용자와 이야기하며 문제를 찾는 일에서 보람을 느낍니다.",
            ),
        ),
    }
)
"""The people by the kind of file of their résumé."""
