//! The idle screen: what viewers see while nothing comes in.

use crate::Engine;
use crate::source::Upstream;

impl Engine {
    pub(crate) fn is_clip(&self, index: usize) -> bool {
        self.sources[index].as_ref().is_some_and(|source| source.upstream == Upstream::Clip)
    }
}
