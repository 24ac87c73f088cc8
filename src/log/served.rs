//! What each model's cache can still serve after a commit.

use super::ModelRow;
use crate::build::Build;

/// The models of a build, held against the build before.
pub(super) fn models(_before: Option<&Build>, build: &Build) -> Vec<ModelRow> {
    let row = |model: &crate::model_build::ModelBuild| ModelRow {
        model: model.name.clone(),
        eligible: None,
        lost: None,
        rewarm: None,
        warm: model.bill.warm,
    };
    build.models.iter().map(row).collect()
}
