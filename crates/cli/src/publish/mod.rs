//! `touchplate publish`: a release, signed and checked, to any index.

mod options;
mod plan;

pub(crate) use options::Arguments;

use crate::options::Common;
use crate::report::{Failure, Outcome};
use crate::signing;

/// Publishes a release.
pub(crate) fn run(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    let _agent = signing::agent(common)?;
    let _files = plan::files(&arguments.files)?;
    Err(Failure::usage("`publish` is not built yet"))
}
