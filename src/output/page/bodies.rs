//! Request bodies on the page, in pieces: between them stands what is filled in at run time.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::prompt::Prompt;
use crate::pipeline::Build;
use crate::pipeline::bodies::bodies;
use crate::prompt::bodies::{HoleKind, fill};
use crate::text::lint::secret::masked_json;

/// The most bytes of bodies that a page holds as a file.
const MOST: usize = 1 << 20;

/// What stands on both sides of an input's name while a body is written: no text of a prompt holds it.
const EDGE: char = '\u{fdd0}';

/// A request body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Body {
    /// The name of its file in a bundle.
    pub file: String,
    /// Its text.
    pub pieces: Vec<Piece>,
}

/// A piece of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Piece {
    /// JSON as it stands.
    Text(String),
    /// The name of an input, whose value stands in a JSON string here.
    Input {
        /// The name.
        input: String,
    },
}

/// The first body of one model of a build, if its API takes one.
pub fn body(build: &Build, model: usize) -> Option<Body> {
    let (file, mut body) = bodies(build, build.models.get(model)?).ok()?.made.into_iter().next()?;
    let inputs = body.holes.iter().filter(|hole| hole.kind == HoleKind::Input);
    let marked: BTreeMap<String, String> =
        inputs.map(|hole| (hole.name.clone(), format!("{EDGE}{}{EDGE}", hole.name))).collect();
    fill::body(&mut body, &marked);
    let text = masked_json(&body.to_text()).into_owned();
    let pieces = text.split(EDGE).enumerate().map(|(at, piece)| match at % 2 {
        0 => Piece::Text(piece.to_owned()),
        _ => Piece::Input { input: piece.to_owned() },
    });
    Some(Body { file, pieces: pieces.collect() })
}

/// Adds to the prompts of these builds their bodies, if the page stays small with all of them.
pub(super) fn add(prompts: &mut [Prompt], builds: &[&Build]) {
    let text: usize = builds
        .iter()
        .map(|build| build.models.len() * build.segments.iter().map(|one| one.bytes()).sum::<usize>())
        .sum();
    if text > MOST {
        return;
    }
    for (prompt, build) in prompts.iter_mut().zip(builds) {
        for (number, model) in prompt.models.iter_mut().enumerate() {
            model.body = body(build, number);
        }
    }
}
