"""The look of the page for people: for any screen and A4, fetching nothing, in contrasts of WCAG 2.2 AA."""

TEXT, QUIET, ACCENT, PAPER, LINE = "#1a1a1a", "#4d4d4d", "#0b4f8a", "#ffffff", "#767676"

STYLE = f"""
:root {{ color: {TEXT}; background: {PAPER}; font: 1rem/1.5 "Noto Sans", "Segoe UI", Arial, sans-serif; }}
body {{ margin: 0 auto; max-width: 60rem; padding: 1rem; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.75rem; margin: 0; color: {ACCENT}; }}
h2 {{ font-size: 1.25rem; margin: 2rem 0 .5rem; border-bottom: 2px solid {ACCENT}; }}
.number {{ font-size: 1.125rem; margin: .25rem 0 0; }}
[lang=en] {{ color: {QUIET}; font-weight: normal; }}
dl {{ display: grid; grid-template-columns: minmax(12rem, 1fr) 3fr; gap: .25rem 1rem; margin: 0; }}
dt {{ font-weight: bold; }}
dd, pre {{ margin: 0; }}
table {{ border-collapse: collapse; width: 100%; }}
caption {{ text-align: left; padding: .25rem 0; }}
th, td {{ border: 1px solid {LINE}; padding: .375rem .5rem; text-align: left; vertical-align: top; }}
pre {{ border: 1px solid {LINE}; padding: .5rem; white-space: pre-wrap; }}
li > p {{ margin: 0; }}
.timeline {{ list-style: none; margin: 0; padding: 0 0 0 1rem; border-left: 3px solid {ACCENT}; }}
.timeline li {{ position: relative; padding: 0 0 1rem 1rem; }}
.timeline li::before {{ content: ""; position: absolute; left: -1.5rem; top: .45rem;
  width: .7rem; height: .7rem; border: 2px solid {ACCENT}; border-radius: 50%; background: {PAPER}; }}
.timeline time {{ font-weight: bold; }}
@media (max-width: 40rem) {{ dl {{ grid-template-columns: 1fr; }} dd {{ margin-bottom: .5rem; }} }}
@media print {{ @page {{ size: A4; margin: 18mm; }} body {{ max-width: none; padding: 0; font-size: 10pt; }}
  h2 {{ break-after: avoid; }} tr, li, dd {{ break-inside: avoid; }} }}
"""
