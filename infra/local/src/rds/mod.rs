//! Amazon RDS for Aurora: clusters, instances, cluster snapshots.

use crate::data_plane::DataPlane;
use crate::params::Params;
use crate::world::{Answer, Context, unknown_operation};

/// All Aurora resources of all accounts and Regions.
pub struct Rds {
    _data_plane: Box<dyn DataPlane>,
}

impl Rds {
    /// Nothing yet, on a data plane.
    #[must_use]
    pub fn new(data_plane: Box<dyn DataPlane>) -> Self {
        Self { _data_plane: data_plane }
    }

    /// Handles one call.
    pub fn handle(&mut self, cx: &mut Context<'_>, _params: &Params) -> Answer {
        Err(unknown_operation(cx.call))
    }
}
