"""Holds a page against the report of the same run.

    checks.py CHECK FOLDER

FOLDER holds page.html and report.json. Prints `fine`, or what is not.
"""

import json
import re
import sys
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import axe_playwright_python

from browser import browser, opened

PHONE = {"width": 360, "height": 740}
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
HOSTILE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u061c\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")


def accessible(page):
    """Nothing that axe finds fault with."""
    page.evaluate(AXE)
    # Text over a picture has no contrast that could be computed; there is none here.
    violations = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    told = [(one["id"], [node["html"][:160] + node["failureSummary"] for node in one["nodes"][:3]]) for one in violations]
    assert not told, (page.url, told)


def views(report):
    """Every view: those of each context, then those of the project."""
    of_context = [{"view": view, "context": name(one)} for one in report["contexts"] for view in ("prompt", "cost", "compare")]
    of_project = ["project", "find", "sharing", "diagnostics"] if len(report["contexts"]) > 1 else ["sharing", "diagnostics"]
    return of_context + [{"view": view, "words": "refund"} for view in of_project]


def name(context):
    return context["id"] + (f"@{context['variant']}" if context["variant"] else "")


def strings(value):
    """Every string in a JSON value."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [one for some in inside for one in strings(some)]


class Look:
    def __init__(self, folder):
        self.address = (folder / "page.html").as_uri()
        self.report = json.loads((folder / "report.json").read_text())

    def at(self, running, choices, **settings):
        return opened(running, f"{self.address}#{urlencode(choices)}", **settings)

    def value(self, page):
        return json.loads(page.locator("#page").text_content())

    # The checks, each by its name on the command line.

    def segments(self, running):
        for context in self.report["contexts"]:
            with self.at(running, {"context": name(context), "model": "gpt-6.1-sol"}) as page:
                assert page.locator("h1").inner_text() == name(context)
                value = self.value(page)
                at = next(at for at, one in enumerate(value["prompts"]) if one["name"] == name(context))
                note = next(one for one in value["prompts"][at]["models"] if one["card"] == "gpt-6.1-sol")
                shown = page.locator(".segment")
                assert shown.count() == len(context["segments"])
                for number, segment in enumerate(context["segments"]):
                    row = shown.nth(number)
                    row.scroll_into_view_if_needed()
                    row.locator(".margin .id b").wait_for()
                    assert row.locator(".margin .id b").text_content() == segment["id"]
                    expected = value["prompts"][at]["segments"][number]["expected"]
                    tokens = expected or note["tokens"][number]
                    assert row.locator(".gutter b").text_content() == f"{tokens:,}", (segment["id"], tokens)
                    if segment["path"]:
                        first, last = segment["lines"]
                        lines = f":{first}" if first == last else f":{first}-{last}"
                        assert row.locator(".margin > .place").text_content() == segment["path"] + lines
                    for text in value["texts"][segment["digest"]]:
                        if text["kind"] in ("text", "tool"):
                            assert text["text"] in row.locator(".body").evaluate("node => node.textContent"), segment["id"]
                model = next(one for one in context["models"] if one["model"] == "gpt-6.1-sol")
                marks = page.locator(".mark.breakpoint")
                assert marks.count() == len(model["breakpoints"])
                for number, mark in enumerate(model["breakpoints"]):
                    words = marks.nth(number).evaluate("node => node.textContent")
                    assert mark["ttl"] in words and f"{mark['tokens']:,}" in words and mark["why"] in words
                    before = marks.nth(number).evaluate(
                        "node => { while (!node.matches('.segment')) node = node.previousElementSibling; return node.id; }")
                    ids = [segment["id"] for segment in context["segments"]]
                    assert before == f"segment-{ids.index(mark['after'])}"
                # What is drawn to scale adds up to the request.
                boxes = page.locator(".bar-request .box").evaluate_all("all => all.map((box) => parseFloat(box.style.width))")
                assert abs(sum(boxes) - 100) < 0.01, boxes

    def figures(self, running):
        for context in self.report["contexts"]:
            with self.at(running, {"context": name(context), "view": "cost"}) as page:
                rows = page.get_by_role("region", name="Cost in US dollars").locator("tbody tr")
                assert rows.count() == len(context["models"])
                for number, model in enumerate(context["models"]):
                    row, cost = rows.nth(number), model["cost"]
                    assert model["model"] in row.locator("th").inner_text()
                    assert f"{model['tokens']['total']:,}" in row.locator("td").first.inner_text()
                    assert model["tokens"]["basis"] in row.locator("td small").first.inner_text()
                    amounts = [one.get_attribute("value") for one in row.locator("data").all()]
                    wanted = ["uncached", "cold", "warm", "expected", "month", "saves"]
                    assert amounts == [cost[figure] or "" for figure in wanted], (amounts, cost)
                bare = any(model["cost"]["cold"] and not model["cost"]["answer"] for model in context["models"])
                assert page.get_by_text("Without the answer").count() == bare
                assert page.get_by_text("Without an input").count() == any(not model["cost"]["inputs"] for model in context["models"])
                failing = [one for one in context["budgets"] if one["status"] == "fail"]
                assert page.locator(".budget.fail").count() == len(failing)
                assert page.locator(".budget").count() == len(context["budgets"])
                table = page.get_by_role("region", name="Budgets, by model")
                heads = [one.inner_text() for one in table.locator("thead th").all()] if context["budgets"] else []
                for budget in context["budgets"]:
                    row = table.locator("tbody tr").filter(has=page.locator("th", has_text=budget["name"]))
                    shown = row.locator("td").nth(heads.index(budget["model"]) - 1)
                    if budget["name"].startswith("cost"):
                        assert shown.locator("data").get_attribute("value") == budget["actual"]
                    elif budget["name"] == "tokens":
                        assert f"{int(budget['actual']):,}" in shown.inner_text()

    def slider(self, running):
        with self.at(running, {"context": "support/triage", "view": "cost"}) as page:
            value = self.value(page)
            at = next(at for at, one in enumerate(value["prompts"]) if one["name"] == "support/triage")
            prompt = value["prompts"][at]
            steps = prompt["models"][0]["points"]
            declared = next(number for number, point in enumerate(steps) if point["calls"] == prompt["traffic"]["calls"])
            # At the declared rate the point is the bill.
            for model, note in zip(value["build"]["contexts"][at]["models"], prompt["models"]):
                point = note["points"][declared]
                assert (point["expected"], point["month"]) == (model["cost"]["expected"], model["cost"]["month"])
                marks = [[mark["after"], mark["ttl"]] for mark in model["breakpoints"]]
                assert point["breakpoints"] == marks, (point, marks)
            slider = page.locator("#rate")
            assert slider.input_value() == str(declared)
            for step in (0, 7, len(steps) - 1):
                slider.fill(str(step))
                assert f"{steps[step]['calls']:,} calls a month" in page.locator(".rate output").inner_text()
                rows = page.get_by_role("region", name="Cost in US dollars").locator("tbody tr")
                for number, note in enumerate(prompt["models"]):
                    for after, ttl in note["points"][step]["breakpoints"]:
                        assert f"{after} {ttl}" in rows.nth(number).locator("th small").inner_text()
                    amounts = [one.get_attribute("value") for one in rows.nth(number).locator("data").all()]
                    assert amounts[3:5] == [note["points"][step]["expected"], note["points"][step]["month"]]
            page.get_by_role("button", name="Declared").click()
            assert slider.input_value() == str(declared)

    def hostile(self, running):
        for choices in views(self.report):
            with self.at(running, choices) as page:
                page.mouse.move(400, 300)
                assert page.locator("main script, main img, main style, main iframe, svg[onload]").count() == 0
                assert page.evaluate("document.title").endswith("contexture")
                seen = page.evaluate("document.body.innerText")
                assert not HOSTILE.search(seen.replace("\xa0", " ")), HOSTILE.search(seen)
        with self.at(running, {"view": "prompt"}) as page:
            seen = page.locator("main").inner_text()
            for text in ("</script><script>pwned()</script>", "\\u{1b}[31mred", "\\u{202e}desrever", "zero\\u{200b}width",
                         "\\u{e0041}tag", "\\u{2028}line", "</style><svg onload=pwned()>"):
                assert text in seen, text
            # The app and the program call the same characters hostile.
            assert page.locator(".escape").count() == 7

    def keyboard(self, running):
        with self.at(running, {"context": "support/triage"}) as page:
            here = lambda: page.locator(".segment[aria-current]").get_attribute("id")
            page.keyboard.press("j")
            page.keyboard.press("j")
            assert here() == "segment-1", here()
            page.keyboard.press("k")
            assert here() == "segment-0"
            for keys, view in (("gc", "Cost"), ("gp", "Prompt")):
                page.keyboard.type(keys)
                assert page.locator(".tabs [aria-current]").inner_text() == view
            for keys, title in (("go", "Project"), ("gs", "Shared prefixes"), ("gi", "Diagnostics")):
                page.keyboard.type(keys)
                assert page.locator("h1").inner_text() == title
            page.keyboard.type("gp")
            page.keyboard.press("[")
            assert page.locator("h1").inner_text() == "support/reply"
            page.keyboard.press("m")
            assert page.locator("#model").input_value() == "gpt-6.1-sol"
            page.keyboard.press("?")
            assert page.locator("#help").is_visible()
            page.keyboard.press("Escape")
            assert not page.locator("#help").is_visible()
            page.keyboard.press("t")
            assert page.locator("html").get_attribute("data-theme") == "light"
            # What is chosen is in the address, and going back goes back.
            page.keyboard.type("gc")
            page.go_back()
            page.wait_for_selector(".view-prompt")
            # A reader without a mouse gets past the bar and the contexts at once.
            page.reload()
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.textContent") == "Skip to the content"

    def search(self, running):
        with self.at(running, {"context": "support/triage"}) as page:
            page.keyboard.press("/")
            page.keyboard.type("PARCEL 3 never")
            count = page.locator("#bar output")
            assert count.inner_text() == "1", count.inner_text()
            page.keyboard.press("Enter")
            assert count.inner_text() == "1/1"
            seen = page.evaluate("[...CSS.highlights.get('here')].map((range) => range.toString())")
            assert seen == ["parcel 3 never"], seen
            assert "parcel 3 never" in page.locator(".segment[aria-current]").text_content()
            page.wait_for_function("""() => {
                const { top, height } = [...CSS.highlights.get('here')][0].getBoundingClientRect();
                return height > 0 && top > 0 && top < innerHeight;
            }""")
            page.keyboard.press("Escape")
            assert page.locator("#search").input_value() == ""
            assert page.evaluate("CSS.highlights.get('found').size") == 0

    def accessible(self, running):
        for theme in ("light", "dark"):
            for choices in views(self.report):
                with self.at(running, choices, color_scheme=theme) as page:
                    accessible(page)

    def phone(self, running):
        for choices in views(self.report):
            with self.at(running, choices, viewport=PHONE) as page:
                width = page.evaluate("document.documentElement.scrollWidth")
                assert width <= PHONE["width"], (choices, width)
                page.get_by_role("button", name="Contexts").click()
                assert page.locator("#side").is_visible()

    def sharing(self, running):
        with self.at(running, {"view": "sharing"}) as page:
            value = self.value(page)
            chains = [
                [segment["chain"] for segment in one["segments"][: value["prompts"][at]["prefix_segments"]]]
                for at, one in enumerate(value["build"]["contexts"])
            ]
            stems = value["sharing"]
            assert page.locator(".stem").count() == len(stems)
            # Where a stem ends, counted from the start: its own segments and those of the stems above it.
            ends, above = [], []
            for stem in stems:
                above = above[: stem["depth"]] + [stem["count"]]
                ends.append(sum(above))
            for one in range(len(chains)):
                for other in range(one):
                    alike = sum(1 for mine, theirs in zip(chains[one], chains[other]) if mine == theirs)
                    both = [end for stem, end in zip(stems, ends) if {one, other} <= set(stem["contexts"])]
                    assert max(both, default=0) == alike, (one, other, alike, both)
            for at, chain in enumerate(chains):
                assert max(end for stem, end in zip(stems, ends) if at in stem["contexts"]) == len(chain)
                last = [stem for stem in stems if at in stem["contexts"]][-1]
                assert last["total"] == value["prompts"][at]["prefix_tokens"] and at in last["ends"]

            # What counts as shared: tokens that a model which two of them have caches, by its own count, each once.
            def cached(at, end):
                context, note = value["build"]["contexts"][at], value["prompts"][at]["models"]
                return {model["model"] for model, one in zip(context["models"], note)
                        if sum(one["tokens"][:end]) >= (model["cacheable"]["minimum"] or sum(one["tokens"]) + 1)}

            wanted, above = [], []
            for stem, end in zip(stems, ends):
                above = above[: stem["depth"]]
                models = [model for at in stem["contexts"] for model in cached(at, end)]
                readers = max((models.count(model) for model in models), default=0)
                own = stem["total"] - max([total for total, is_shared in above if is_shared], default=0)
                wanted.append((readers - 1) * own if readers > 1 else 0)
                above.append((stem["total"], readers > 1))
            assert [stem["shared"] for stem in stems] == wanted, wanted
            assert f"{sum(wanted):,} tokens" in page.locator(".lead").inner_text()
            assert page.locator(".tree .shared").count() == sum(1 for one in wanted if one) > 0

    def folders(self, running):
        names = [name(one) for one in self.report["contexts"]]
        assert len(names) > 40
        shown = lambda page: page.locator("#side details a, #side div > ul > li > a").all_inner_texts()
        with self.at(running, {}) as page:
            folders = [one.split("\n")[0] for one in page.locator("#side summary").all_inner_texts()]
            assert folders == ["billing", "sales/emea/leads", "short", "support"], folders
            assert page.locator("#side details a").count() == 0, "all are folded"
            assert "1 over" in page.locator("#side summary", has_text="billing").inner_text()
            page.locator("#side summary", has_text="sales").click()
            # A folder is filled when it has opened, which is after the click.
            page.locator("#side details[open] a").nth(19).wait_for()
            assert page.locator("#side details[open] a").count() == 20
            accessible(page)
            # The one that is shown is unfolded, at the name it has in its folder.
            page.goto(f"{self.address}#{urlencode({'context': 'support/prompt-6'})}")
            page.reload()
            assert page.locator("#side [aria-current]").inner_text().startswith("prompt-6")
            assert page.locator("#side details[open]").count() == 1
            # Letters in their order: those names that a search letter by letter finds, best first.
            for query in ("sp9", "PROMPT-1", "emea5", "leads/", "two", "zz"):
                page.keyboard.press("f")
                page.keyboard.type(query)
                holds = [one for one in names if re.search(".*".join(map(re.escape, query.lower())), one)]
                listed = [one.get_attribute("title") for one in page.locator("#side .name").all()]
                assert sorted(listed) == sorted(holds), (query, listed, holds)
                assert page.locator("#side output").inner_text() == f"{len(holds)} of {len(names)}"
                together = [query.lower() in one for one in listed]
                assert together == sorted(together, reverse=True), (query, listed)
                accessible(page)
                page.keyboard.press("Escape")
                assert page.locator("#filter").input_value() == "" and page.locator("#side summary").count() >= 4
            page.keyboard.press("f")
            page.keyboard.type("sp9")
            first = page.locator("#side .name").first.get_attribute("title")
            page.keyboard.press("Enter")
            assert page.locator("h1").inner_text() == first == "support/prompt-9", first
            page.keyboard.press("j")
            assert page.locator(".segment[aria-current]").get_attribute("id") == "segment-0", "the keys are free again"
        with self.at(running, {}, viewport=PHONE) as page:
            page.get_by_role("button", name="Contexts").click()
            page.locator("#filter").fill("short two")
            page.keyboard.press("Enter")
            assert page.locator("h1").inner_text() == "short/two" and not page.locator("#side").is_visible()

    def project(self, running):
        with self.at(running, {}) as page:
            assert page.locator("h1").inner_text() == "Project"
            lead = page.locator(".lead").inner_text()
            assert f"{len(self.report['contexts']) + 1} contexts, 1 broken, 1 over a budget" in lead, lead
            rows = page.get_by_role("region", name="Totals by model").locator("tbody tr").all()
            assert len(rows) == len(self.report["totals"]) == 3
            for row, total in zip(rows, self.report["totals"]):
                assert row.locator("th").inner_text() == total["model"]
                assert row.locator("data").get_attribute("value") == total["month"]
                assert [one.inner_text() for one in row.locator("td").all()[1:]] == [
                    str(total[figure]) for figure in ("contexts", "unknown", "without_traffic")]
            every = [(name(one), model) for one in self.report["contexts"] for model in one["models"]]
            # The report rounds a month; by its exact value, as `top` has it, the dearest come first.
            exact = {(name(row), row["model"]): row["month"] for row in self.value(page)["top"]}
            of = lambda one: exact.get((one[0], one[1]["model"]), one[1]["cost"]["month"])
            every.sort(key=lambda one: (-Decimal(of(one)), -one[1]["tokens"]["total"], one[0]))
            rows = page.get_by_role("region", name="The dearest contexts").locator("tbody tr").all()
            assert len(rows) == 20
            for row, (context, model) in zip(rows, every):
                assert row.locator("th").inner_text() == context
                shown, told = row.locator("data").get_attribute("value"), model["cost"]["month"]
                assert Decimal(shown).quantize(Decimal(told)) == Decimal(told), (shown, told)
                assert f"{model['tokens']['total']:,}" in row.inner_text() and model["model"] in row.inner_text()
            assert f"{len(every) - 20} more rows" in page.locator("main").inner_text()
            over = [budget for one in self.report["contexts"] for budget in one["budgets"] if budget["status"] == "fail"]
            rows = page.get_by_role("region", name="Budgets that are exceeded").locator("tbody tr").all()
            assert len(rows) == len(over) > 2
            for row, budget in zip(rows, over):
                assert budget["model"] in row.inner_text() and budget["name"] in row.inner_text()
                if budget["name"].startswith("cost"):
                    assert row.locator("data").first.get_attribute("value") == budget["actual"]
            assert "nowhere.md" in page.locator(".findings").inner_text()
            retiring = page.get_by_role("region", name="Models that retire").inner_text()
            assert "gemini-2.5-pro" in retiring and re.search(r"20\d\d-\d\d-\d\d", retiring), retiring
            page.get_by_role("region", name="The dearest contexts").locator("a").first.click()
            assert page.locator("h1").inner_text() == every[0][0]
            page.keyboard.type("go")
            assert page.locator("h1").inner_text() == "Project"
            accessible(page)
        with self.at(running, {}, viewport=PHONE) as page:
            for month in page.locator("td:nth-child(2)").all():
                assert month.bounding_box()["x"] + month.bounding_box()["width"] <= PHONE["width"]

    def everywhere(self, running):
        with self.at(running, {}) as page:
            value = self.value(page)
            texts = {digest: "\0".join(part["text"] for part in parts) for digest, parts in value["texts"].items()}
            for words in ("PARCELS. and", "ask about refunds", "Prompt 1", "nowhere at all"):
                page.keyboard.type("gf")
                page.locator("#words").fill(words)
                page.keyboard.press("Enter")
                counts = {}
                for context in self.report["contexts"]:
                    held = [texts[segment["digest"]].lower().count(words.lower()) for segment in context["segments"]]
                    if any(held):
                        counts[name(context)] = sum(held)
                own = sum(text.lower().count(words.lower()) for text in texts.values())
                page.locator(".found p[role=status]", has_text=f"{own:,} occurrence").wait_for()
                listed = page.locator(".hits li")
                assert listed.count() == min(50, len(counts)), (words, listed.count(), len(counts))
                for row in listed.all():
                    number = counts[row.locator("a").inner_text()]
                    assert f" {number} time{'' if number == 1 else 's'}" in row.inner_text()
                    assert row.locator("mark").first.inner_text().lower() == words.lower()
                if len(counts) > 50:
                    assert f"{len(counts) - 50} more contexts." in page.locator(".found").inner_text()
                accessible(page)
                page.keyboard.press("Tab")
                page.evaluate("document.activeElement.blur()")
            # A hit opens its prompt at the first occurrence; the words are in the address.
            page.goto(f"{self.address}#{urlencode({'view': 'find', 'words': 'prompt 11'})}")
            page.reload()
            page.locator(".hits a").click()
            assert page.locator("#bar output").inner_text() == "1/1"
            assert page.locator("h1").inner_text() == "sales/emea/leads/prompt-11"

    def copies(self, running):
        with self.at(running, {"context": "support/reply"}, permissions=["clipboard-read", "clipboard-write"]) as page:
            value = self.value(page)
            context = next(one for one in self.report["contexts"] if name(one) == "support/reply")

            def copied(label, within=page):
                """What a button copies; it then has its name again."""
                within.get_by_role("button", name=label).click()
                done = page.get_by_role("button", name="Copied")
                done.wait_for()
                words = page.evaluate("navigator.clipboard.readText()")
                done.wait_for(state="detached")
                return words

            parts = [value["texts"][segment["digest"]] for segment in context["segments"]]
            prompt = copied("Copy prompt")
            spoken = [part["text"] for own in parts for part in own if part["kind"] in ("text", "tool")]
            assert all(text.strip("\n") in prompt for text in spoken) and prompt.rstrip().endswith("{{ticket}}"), prompt
            segment = next(at for at, own in enumerate(parts) if own[0]["kind"] == "text")
            assert copied("Copy segment", page.locator(f"#segment-{segment}")) == "".join(part["text"] for part in parts[segment])
            # A value that is typed stands in every copy, and in the body as JSON has it.
            page.locator("textarea[data-input=ticket]").fill('Where is "it"?\n\\')
            assert copied("Copy prompt").rstrip("\n").endswith('Where is "it"?\n\\')
            page.locator("#model").select_option("gpt-6.1-sol")
            body = json.loads(copied("Copy body"))
            assert body["model"] == "gpt-6.1-sol" and any('Where is "it"?\n\\' in one for one in strings(body)), body
            accessible(page)
        # Why an example is there, and its label.
        with self.at(running, {"context": "support/triage"}, viewport={"width": 1280, "height": 20_000}) as page:
            why = page.locator(".picked").first
            why.wait_for()
            assert why.inner_text() == "1st of 8 in the order of the file", why.inner_text()

    def beside(self, running):
        texts = lambda context, value: {segment["digest"]: value["texts"][segment["digest"]] for segment in context["segments"]}
        contexts = {name(one): one for one in self.report["contexts"]}
        cases = [
            ({"context": "support/triage"}, "support/triage@terse", 0),
            ({"context": "support/triage", "other": "support/reply"}, "support/reply", 0),
            ({"context": "support/reply", "other": "support/reply"}, "support/reply", 1),
        ]
        for choices, other, model in cases:
            with self.at(running, {"view": "compare", **choices}, viewport={"width": 1280, "height": 20_000}) as page:
                value, one = self.value(page), contexts[choices["context"]]
                assert page.locator("#other").input_value() == other
                table = page.get_by_role("region", name="Figures side by side")
                heads = table.locator("thead th").all_inner_texts()
                sides = [(one, one["models"][0]), (contexts[other], contexts[other]["models"][model])]
                assert heads[1:] == [*(f"{name(context)}, {own['model']}" for context, own in sides), "Difference"], heads
                cells = lambda row: table.locator("tr", has=page.get_by_role("rowheader", name=row, exact=True)).locator("td").all_inner_texts()
                totals = [own["tokens"]["total"] for _, own in sides]
                step = f"{abs(totals[1] - totals[0]):,}, " if totals[0] != totals[1] else "the same"
                assert cells("Tokens")[2].lstrip("+−≈").startswith(step), cells("Tokens")
                kept = cells("Kept")[0]
                assert (kept == "nothing: another model") == (sides[0][1]["model"] != sides[1][1]["model"]), kept
                for row in ("uncached", "cold", "warm", "expected", "month"):
                    shown = table.locator("tr", has_text=row.title()).locator("data")
                    told = [shown.nth(number).get_attribute("value") for number in range(2)]
                    amounts = [own["cost"][row] for _, own in sides]
                    assert told == amounts, (row, told)
                    more = Decimal(amounts[1]) - Decimal(amounts[0])
                    assert shown.count() == (3 if more else 2), (row, amounts)
                    assert not more or Decimal(shown.nth(2).get_attribute("value")) == more, (row, amounts)
                # What both hold is counted, everything else is there in full.
                mine, theirs = (texts(context, value) for context, _ in sides)
                seen = page.locator(".beside").evaluate("node => node.textContent")
                alike = sum(int(number) for number in re.findall(r"(\d+) segments? alike", seen))
                assert alike == sum(1 for digest in mine if digest in theirs), (alike, seen)
                for digest, parts in {**mine, **theirs}.items():
                    if (digest in mine) != (digest in theirs):
                        assert all(line in seen for part in parts for line in part["text"].split("\n")), parts
                accessible(page)

    def words(self, running):
        """What a word means is said where it is pointed at; the search says what it searches."""
        glossary = (Path(__file__).parents[2] / "docs/glossary.md").read_text()
        meaning = dict(re.findall(r"^\| ([a-z-]+) \| (.*) \|$", glossary, re.MULTILINE))
        with self.at(running, {"context": "support/triage", "view": "cost"}) as page:
            for word in ("cold", "warm", "expected", "month", "uncached"):
                head = page.get_by_role("region", name="Cost in US dollars").locator("th", has_text=word.title())
                assert head.first.get_attribute("title") == meaning[word], word
            band = page.locator(".basis.estimated").first.get_attribute("title")
            assert band == meaning["band"], band
            label = page.locator("#search").get_attribute("placeholder")
            assert label == "Search all prompts", label
            page.keyboard.type("gp")
            assert page.locator("#search").get_attribute("aria-label") == "Search the prompt"
            assert page.locator(".mark.prefix span").get_attribute("title") == meaning["prefix"]
            page.keyboard.type("go/refunds")
            page.keyboard.press("Enter")
            page.locator(".hits li").first.wait_for()

    def grouped(self, running):
        with self.at(running, {}, viewport={"width": 1400, "height": 900}) as page:
            glossary = (Path(__file__).parents[2] / "docs/glossary.md").read_text()
            meaning = dict(re.findall(r"^\| ([a-z-]+) \| (.*) \|$", glossary, re.MULTILINE))
            words = {one.inner_text(): one.get_attribute("title") for one in page.locator("abbr").all()}
            assert {"month", "re-warm"} <= set(words) and all(meaning[word] == said for word, said in words.items()), words
            # The list at the side is found by letters.
            every = page.locator("#side .name").count()
            page.keyboard.press("f")
            page.keyboard.type("prompt-3")
            page.wait_for_function("() => document.querySelector('#side .name')?.innerText.endsWith('prompt-3')")
            assert 0 < page.locator("#side .name").count() < every
            page.keyboard.press("Escape")
            page.wait_for_function("every => document.querySelectorAll('#side .name').length === every", arg=every)
            table = page.get_by_role("region", name="What the change comes to")
            assert "and 54 more" in table.inner_text(), table.inner_text()
            # Every month is on the screen, without a move to the side.
            edge = table.bounding_box()["x"] + table.bounding_box()["width"]
            for month in table.locator("td.month").all():
                assert month.inner_text() and month.bounding_box()["x"] + month.bounding_box()["width"] <= edge
            sections = page.locator(".change").all()
            assert len(sections) == 6, len(sections)
            for section in sections:
                assert section.evaluate("node => node.querySelector('.diff, .items').className") == "diff"
                assert section.locator(".diff .row").count() > 0
            assert page.locator("main :is(ul, ol, section, tbody, p):empty").count() == 0
            accessible(page)
        with self.at(running, {}, viewport=PHONE) as page:
            for month in page.locator("td.month").all():
                box = month.bounding_box()
                assert month.inner_text() and 0 <= box["x"] and box["x"] + box["width"] <= PHONE["width"], box
            rows = page.locator("tbody tr").evaluate_all("all => all.map((row) => row.innerText.trim())")
            assert rows and all(rows)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
            accessible(page)

    def changes(self, running):
        with self.at(running, {}) as page:
            said = [one.inner_text() for one in page.locator(".verdict").all()]
            assert any("2 of 4 prompts change" in one for one in said), said
            rows = page.get_by_role("region", name="What the change comes to").locator("tbody tr")
            shown = [row.inner_text() for row in rows.all()]
            # The last rows sum up: a row for each model, with the month that the JSON adds up to.
            for total in self.report["totals"]:
                row = next(row for row in reversed(shown) if total["model"] in row)
                assert not total["cached"] or f"{total['served']:,} of " in row, (total, row)
                assert f"{Decimal(total['month']['head']):,.2f}" in row, (total, row)
            old = [one.text_content() for one in page.locator(".row.old .words").all()]
            new = [one.text_content() for one in page.locator(".row.new .words").all()]
            assert "7. A customer may ask about refunds again within 7 days." in old, old
            assert "7. A customer may ask about refunds once more within a week." in new, new
            assert page.locator(".row.old del").first.text_content() in "again within 7 days"
            assert any("My parcel 1 never came." in text for text in old)
            assert "A prompt that was not there before." in new
            accessible(page)

    def evaluated(self, running):
        for viewport, theme in [({"width": 1280, "height": 900}, "light"), (PHONE, "dark")]:
            with self.at(running, {}, viewport=viewport, color_scheme=theme) as page:
                page.keyboard.press("g")
                page.keyboard.press("e")
                assert page.locator("h1").inner_text() == "Evaluation", page.url
                shown = self.value(page)["evaluation"]
                rows = page.get_by_role("region", name="Quality and cost").locator("tbody tr")
                assert rows.count() == len(shown["heads"]) == 4
                for number, head in enumerate(shown["heads"]):
                    run = shown["report"]["runs"][head["run"]]
                    row = rows.nth(number).inner_text()
                    assert head["name"] in row and f"{run['right']} of {run['cases']}" in row, (head, row)
                assert page.locator("svg.chart circle").count() == 4
                labels = page.get_by_role("region", name="Labels of topics@eight").locator("tbody tr")
                assert labels.count() == 4
                counted = [int(one) for one in re.findall(r"\t(\d+)", "\n".join(row.inner_text() for row in labels.all()))]
                assert sum(counted) == 64, counted
                assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
                accessible(page)

    def flipped(self, running):
        with self.at(running, {}) as page:
            [head] = self.value(page)["evaluation"]["heads"]
            assert any("worse" in said for said in head["said"]), head["said"]
            rows = page.get_by_role("region", name="that one side alone has right").locator("tbody tr")
            assert rows.count() == len(head["flips"]) > 10
            for number, flip in enumerate(head["flips"]):
                row = rows.nth(number).inner_text()
                assert flip["case"] in row and flip["expected"] in row and ("lost" if flip["lost"] else "gained") in row
            assert page.locator("main script, main b[onclick]").count() == 0
            told = page.get_by_role("region", name="that one side alone has right").inner_text()
            assert "<b onclick=pwned()>\\u{202e}</script><script>pwned()</script>" in told, told
            accessible(page)
        with self.at(running, {}, viewport=PHONE) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    def hostile_change(self, running):
        with self.at(running, {}) as page:
            assert page.locator("main script, main b[onclick]").count() == 0
            assert "<b onclick=pwned()>\\u{202e}</script><script>pwned()</script>" in page.locator("main").inner_text()

    def history(self, running):
        with self.at(running, {}) as page:
            rows = page.get_by_role("region", name="Commits that changed").locator("tbody tr")
            assert rows.count() == len(self.report["commits"]) == 2
            for number, commit in enumerate(self.report["commits"]):
                shown = rows.nth(number)
                assert shown.locator("th").inner_text() == commit["commit"][:10]
                assert commit["subject"] in shown.inner_text() and f"{commit['tokens']:,}" in shown.inner_text()
                warm = [one.get_attribute("value") for one in shown.locator("data").all()]
                assert warm == [model["warm"] for model in commit["models"]]
            assert page.locator("svg.chart").count() == 2
            assert page.locator("svg.chart path").count() == 1 + len(self.report["commits"][0]["models"])
            accessible(page)
        with self.at(running, {}, viewport=PHONE) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    def broken(self, running):
        with self.at(running, {"view": "diagnostics"}) as page:
            assert "Broken" in page.locator("#notice").inner_text()
            told = page.locator("main").inner_text()
            for broken in self.report["broken"]:
                for diagnostic in broken["diagnostics"]:
                    assert diagnostic["message"] in told and diagnostic["code"] in told
                    assert f"{diagnostic['file']}:{diagnostic['line']}" in told
            for context in self.report["contexts"]:
                for diagnostic in context["diagnostics"]:
                    assert diagnostic["message"] in told


if __name__ == "__main__":
    check, folder = sys.argv[1:]
    with browser() as running:
        getattr(Look(Path(folder)), check)(running)
    print("fine")
