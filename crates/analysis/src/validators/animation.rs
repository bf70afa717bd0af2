//! `animation`: it does not move, or not for long.

use super::{Validator, found, numbers};
use crate::validation::{self, Found, Kind, Param, Params, Subject};

pub(super) struct Animation;

impl Validator for Animation {
    fn id(&self) -> &'static str {
        "animation"
    }

    fn meaning(&self) -> &'static str {
        "It has no more pictures one after the other than are wanted."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Image]
    }

    fn params(&self) -> &'static [Param] {
        &[Param { name: "max_frames", default: "1", meaning: "Pictures." }]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        numbers(params, &["max_frames"])
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        let (frames, most) = (validation::frames(subject.bytes()), params.checked("max_frames"));
        if frames <= most {
            return Vec::new();
        }
        found("animation", format!("Asset has {frames} frames; at most {most} are wanted."))
    }
}
