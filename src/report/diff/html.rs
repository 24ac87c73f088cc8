//! A report as one page for a browser: no script, nothing loaded, every word of the repository's
//! escaped.

use super::page::{Page, Section};
use super::phrase::{Ink, Phrase};
use super::texts::{Sign, TextChange};
use crate::delta::Kind;
use crate::report::inert;
use crate::report::text::counted;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.25rem;line-height:1.4}h2{font-size:1.05rem;margin:2rem 0 .25rem}\
code,pre{font:13px/1.5 ui-monospace,monospace}p{margin:.25rem 0}\
ul{margin:.25rem 0;padding-left:1.25rem}ul ul{list-style:none}\
pre{overflow-x:auto;border:1px solid #8884;border-radius:4px;padding:.5rem;margin:.25rem 0 1rem}\
.old{background:#f851492b;display:block}.new{background:#2ea0432b;display:block}.same{display:block}\
.old b{background:#f8514966;font-weight:inherit}.new b{background:#2ea04366;font-weight:inherit}\
.gap,.faint{color:#888}.loud{color:#c9302c;font-weight:600}.good{color:#1a7f37}\
h1 code,h2 code{font-size:inherit}summary{cursor:pointer;margin:.5rem 0}";

/// Draws a page.
pub(super) fn draw(page: &Page) -> String {
    let mut drawn = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>contexture diff</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n"
    );
    drawn.push_str(&format!("<p>base {}<br>head {}</p>\n", phrase(&page.base), phrase(&page.head)));
    drawn.push_str(&format!("<h1>{}</h1>\n", phrase(&page.verdict)));
    for section in &page.sections {
        draw_section(&mut drawn, section);
    }
    for note in &page.notes {
        drawn.push_str(&format!("<p class=\"faint\">{}</p>\n", phrase(note)));
    }
    if !page.legend.is_empty() {
        let legend: Vec<String> = page
            .legend
            .iter()
            .map(|symbol| format!("<code>{}</code> {}", inert::html(symbol.sign()), symbol.meaning()))
            .collect();
        drawn.push_str(&format!("<p class=\"faint\">{}</p>\n", legend.join(" · ")));
    }
    drawn.push_str("</body>\n</html>\n");
    drawn
}

fn draw_section(drawn: &mut String, section: &Section) {
    let symbol = inert::html(section.symbol.sign());
    drawn.push_str(&format!("<section>\n<h2><code>{symbol}</code> {}</h2>\n<ul>\n", phrase(&section.title)));
    // A deeper item belongs into the one before it, which therefore stays open until the next.
    let mut open: usize = 0;
    for item in &section.items {
        let depth = if open == 0 { 0 } else { item.depth.min(1) };
        match (open, depth) {
            (0, _) => {}
            (1, 1) => drawn.push_str("<ul>\n"),
            (1, _) => drawn.push_str("</li>\n"),
            (_, 1) => drawn.push_str("</li>\n"),
            (_, _) => drawn.push_str("</li>\n</ul></li>\n"),
        }
        open = depth + 1;
        let symbol =
            item.symbol.map_or_else(String::new, |symbol| format!("<code>{}</code> ", inert::html(symbol.sign())));
        drawn.push_str(&format!("<li>{symbol}{}", phrase(&item.phrase)));
    }
    drawn.push_str(["", "</li>\n", "</li>\n</ul></li>\n"][open.min(2)]);
    drawn.push_str("</ul>\n");
    let texts: Vec<&TextChange> =
        section.texts.iter().filter(|text| !text.hunks.is_empty() || text.left_out > 0).collect();
    if !texts.is_empty() {
        let what = counted(texts.len(), "segment");
        drawn.push_str(&format!("<details open><summary>What the model sees: {what}</summary>\n"));
        for text in texts {
            draw_text(drawn, text);
        }
        drawn.push_str("</details>\n");
    }
    drawn.push_str("</section>\n");
}

fn draw_text(drawn: &mut String, text: &TextChange) {
    let label = text.label.map_or_else(String::new, |label| format!(" ({label})"));
    let name = format!("<code>{}</code> <code>{}</code>", inert::html(&text.segment), inert::html(&text.origin));
    drawn.push_str(&format!("<p>{name}{label}</p>\n<pre>"));
    for hunk in &text.hunks {
        if hunk.skipped > 0 {
            drawn.push_str(&format!("<span class=\"gap\">{} hidden</span>\n", counted(hunk.skipped, "unchanged line")));
        }
        for line in &hunk.lines {
            let (class, sign) = match line.sign {
                Sign::Same => ("same", ' '),
                Sign::Old => ("old", '-'),
                Sign::New => ("new", '+'),
            };
            drawn.push_str(&format!("<span class=\"{class}\">{sign} "));
            for (differs, words) in &line.words {
                let words = inert::html(words);
                if *differs && text.kind == Kind::Changed {
                    drawn.push_str(&format!("<b>{words}</b>"));
                } else {
                    drawn.push_str(&words);
                }
            }
            drawn.push_str("</span>");
        }
        drawn.push('\n');
    }
    if text.left_out > 0 {
        drawn.push_str(&format!("<span class=\"gap\">{} more</span>\n", counted(text.left_out, "changed line")));
    }
    drawn.push_str("</pre>\n");
}

fn phrase(phrase: &Phrase) -> String {
    let words = phrase.0.iter().map(|ink| match ink {
        Ink::Word(text) => inert::html(text),
        Ink::Name(text) => format!("<code>{}</code>", inert::html(&inert::line(text))),
        Ink::Loud(text) => format!("<span class=\"loud\">{}</span>", inert::html(text)),
        Ink::Good(text) => format!("<span class=\"good\">{}</span>", inert::html(text)),
    });
    words.collect()
}
