"""How a report is told: a short answer for people, JSON for machines, steps for who checks by hand."""

import json
from collections.abc import Iterable, Iterator
from typing import Literal

from exchange.audit.finding import Exit, Finding, Report, Status

Language = Literal["both", "vi", "en"]

VERDICTS = {
    Exit.PROVEN: ("ĐÃ CHỨNG MINH", "PROVEN"),
    Exit.REFUSED: ("BỊ BÁC BỎ", "REFUSED"),
    Exit.INCOMPLETE: ("CHƯA ĐỦ ĐỂ KẾT LUẬN", "NOT ENOUGH TO SAY"),
    Exit.UNREADABLE: ("KHÔNG ĐỌC ĐƯỢC", "NOT READABLE"),
}
_HEADINGS = {
    Status.REFUSED: ("✗", "Bị bác bỏ", "refused"),
    Status.UNCHECKED: ("?", "Chưa kiểm tra được", "not checked"),
    Status.PROVEN: ("✓", "Đã chứng minh", "proven"),
    Status.OPEN: ("–", "Không chứng minh", "not covered"),
}


def answer(report: Report, language: Language = "both") -> str:
    """What is proven and what not, in plain words."""
    lines = [verdict(report, language)]
    for status, (mark, vietnamese, english) in _HEADINGS.items():
        findings = report.of(status)
        if not findings:
            continue
        lines.append(f"{mark} {_both(vietnamese, english, language)}")
        for finding in findings:
            lines += [f"  {line}" for line in _sentences(finding, language)]
    return "\n".join(lines)


def verdict(report: Report, language: Language = "both") -> str:
    """The one line that counts."""
    return _both(*VERDICTS[report.exit], language)


def steps(report: Report, language: Language = "both") -> str:
    """Every check, numbered, in the order in which it was made, with the commands that do the same."""
    return "\n".join([*_steps(report.findings, language), verdict(report, language)])


def as_json(report: Report, name: str) -> str:
    """For machines: the verdict, every finding, and what is claimed."""
    return json.dumps(
        {
            "file": name,
            "kind": report.kind,
            "verdict": report.exit.name.lower(),
            "exit_code": int(report.exit),
            "facts": dict(report.facts),
            "findings": [
                {
                    "status": finding.status.value,
                    "code": finding.code,
                    "about": finding.about,
                    "text_vi": finding.text_vi,
                    "text": finding.text,
                    "remedy_vi": finding.remedy_vi,
                    "remedy": finding.remedy,
                    "commands": list(finding.commands),
                }
                for finding in report.findings
            ],
        },
        ensure_ascii=False,
        indent=1,
    )


def _steps(findings: Iterable[Finding], language: Language) -> Iterator[str]:
    for number, finding in enumerate(findings, 1):
        mark, vietnamese, english = _HEADINGS[finding.status]
        about = f" {finding.about}" if finding.about else ""
        yield f"({number}){about}  {mark} {_both(vietnamese, english, language)}  [{finding.code}]"
        yield from (f"    {line}" for line in _sentences(finding, language))
        yield from (f"    $ {command}" for command in finding.commands)


def _sentences(finding: Finding, language: Language) -> Iterator[str]:
    if language != "en":
        yield finding.text_vi
    if language != "vi":
        yield finding.text
    if finding.remedy and language != "en":
        yield f"→ {finding.remedy_vi}"
    if finding.remedy and language != "vi":
        yield f"→ {finding.remedy}"


def _both(vietnamese: str, english: str, language: Language) -> str:
    return {"vi": vietnamese, "en": english}.get(language, f"{vietnamese} / {english}")
