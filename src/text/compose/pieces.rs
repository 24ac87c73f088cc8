//! Runs of text and holes: separators before and behind them, and their parts.

use std::sync::Arc;

use super::Item;
use crate::prompt::segment::{Kind, Part, Region, Role};
use crate::syntax::source::Span;
use crate::text::template::{Piece, RenderedRegion};

/// Removes line breaks from the end of the item, across segments and turns as long as they are empty.
pub(super) fn trim(item: &mut Item) {
    for segment in item.iter_mut().rev() {
        for (_, runs) in segment.turns.iter_mut().rev() {
            while let Some(Piece::Text(text)) = runs.last_mut() {
                text.truncate(text.trim_end_matches(['\n', '\r']).len());
                if !text.is_empty() {
                    break;
                }
                runs.pop();
            }
        }
        if segment.turns.iter().any(|(_, runs)| !runs.is_empty()) {
            break;
        }
    }
}

pub(super) fn append(runs: &mut Vec<Piece>, separator: &str) {
    match runs.last_mut() {
        _ if separator.is_empty() => {}
        Some(Piece::Text(text)) => text.push_str(separator),
        _ => runs.push(Piece::Text(separator.to_owned())),
    }
}

pub(super) fn prepend(runs: &mut Vec<Piece>, separator: &str) {
    match runs.first_mut() {
        _ if separator.is_empty() => {}
        Some(Piece::Text(text)) => text.insert_str(0, separator),
        _ => runs.insert(0, Piece::Text(separator.to_owned())),
    }
}

/// The parts of the segments that a pending one becomes: one segment, or, if it has holes, one for each hole and each text
/// between holes; and the places of its regions.
pub(super) fn segments_of(turns: Vec<(Role, Vec<Piece>)>) -> (Vec<Vec<Part>>, Vec<Span>) {
    let mut places = Vec::new();
    let holes = turns.iter().any(|(_, runs)| runs.iter().any(|run| !matches!(run, Piece::Text(_) | Piece::Whole(_))));
    let mut segments: Vec<Vec<Part>> = Vec::new();
    for (role, runs) in turns {
        let mut parts: Vec<Part> = Vec::new();
        let mut text = String::new();
        let flush = |text: &mut String, parts: &mut Vec<Part>| {
            if !text.is_empty() {
                parts.push(Part::new(role, Kind::Text, std::mem::take(text)));
            }
        };
        for run in runs {
            match run {
                Piece::Text(more) if text.is_empty() => text = more,
                Piece::Text(more) => text.push_str(&more),
                Piece::Input(name) => {
                    flush(&mut text, &mut parts);
                    parts.push(Part::new(role, Kind::Input, name));
                }
                Piece::Region(RenderedRegion { source, sample, needs, absent, span }) => {
                    flush(&mut text, &mut parts);
                    let region = Some(Arc::new(Region { source, needs, absent }));
                    parts.push(Part { region, ..Part::new(role, Kind::Region, sample) });
                    places.push(span);
                }
                Piece::Whole(part) => {
                    flush(&mut text, &mut parts);
                    parts.push(part);
                }
            }
        }
        flush(&mut text, &mut parts);
        match (holes, segments.last_mut()) {
            (true, _) => segments.extend(parts.into_iter().map(|part| vec![part])),
            (false, Some(segment)) => segment.extend(parts),
            (false, None) => segments.push(parts),
        }
    }
    segments.retain(|parts| !parts.is_empty());
    (segments, places)
}
