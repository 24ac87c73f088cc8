//! What each model's cache can still serve after a commit, and what it costs to fill the rest.

use super::ModelRow;
use crate::compare::delta::served::{eligible, rewarm};
use crate::pipeline::Build;
use crate::pipeline::model::ModelBuild;

/// The models of a build, held against the build before. A model that was not there before has
/// nothing to serve from, and nothing to lose.
pub(super) fn models(before: Option<&Build>, build: &Build) -> Vec<ModelRow> {
    let row = |model: &ModelBuild| {
        let twin = before.and_then(|before| {
            let twin = before.models.iter().find(|other| other.card.name == model.card.name)?;
            Some((before, twin))
        });
        let served = twin.map(|twin| eligible(twin, (build, model)));
        ModelRow {
            model: model.name.clone(),
            eligible: served,
            lost: twin.zip(served).map(|((_, twin), served)| twin.bill.read.saturating_sub(served)),
            rewarm: rewarm((build, model), served.unwrap_or(0)),
            warm: model.bill.warm,
            fits: model.window.fits,
        }
    };
    build.models.iter().map(row).collect()
}
