//! The floor under stamps, in memory.

use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use touchplate_trust::stamp::{FloorError, StampFloor};

/// A floor that ends with the value.
#[derive(Debug, Default)]
pub struct FloorMemory(Mutex<Option<Timestamp>>);

#[async_trait]
impl StampFloor for FloorMemory {
    async fn raise(&self, to: Timestamp) -> Result<Timestamp, FloorError> {
        let mut kept = self.0.lock().unwrap();
        let floor = kept.map_or(to, |it| it.max(to));
        *kept = Some(floor);
        Ok(floor)
    }
}
