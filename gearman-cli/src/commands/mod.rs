//! The commands, one file each.

pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod ping;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod submit;
mod survey;
pub(crate) mod terminate;
pub(crate) mod version;
pub(crate) mod work;
pub(crate) mod workers;
