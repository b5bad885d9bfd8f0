//! Who sequences.

use touchplate_trust::log::{Beat, Holder, Lease, LogName, LogStoreError};

use super::dialect::locked;
use super::{LogFiles, column, failed, signed, unsigned};

impl LogFiles {
    pub(super) async fn take_one_lease(
        &self,
        log: &LogName,
        holder: &Holder,
        silent: Option<Beat>,
    ) -> Result<Lease, LogStoreError> {
        let doing = "take a log's lease";
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO logs (name) VALUES ($1) ON CONFLICT (name) DO NOTHING")
            .bind(log.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        let row = sqlx::query(concat!(
            "SELECT id, holder, epoch, beat, wanted FROM logs WHERE name = $1",
            locked!()
        ))
        .bind(log.as_str())
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed(doing))?;
        let now = Beat {
            epoch: unsigned(&row, "epoch")?,
            beat: unsigned(&row, "beat")?,
        };
        let held_by = column::<Option<String>>(&row, "holder")?;
        let ours = held_by.as_deref() == Some(&holder.0);
        let id = column::<i64>(&row, "id")?;
        if ours {
            return Ok(Lease::Taken { epoch: now.epoch });
        }
        if held_by.is_some() && silent != Some(now) {
            // Who waits asks often; one row is written for it.
            if !column::<bool>(&row, "wanted")? {
                sqlx::query("UPDATE logs SET wanted = true WHERE id = $1")
                    .bind(id)
                    .execute(&mut *transaction)
                    .await
                    .map_err(failed(doing))?;
                transaction.commit().await.map_err(failed(doing))?;
            }
            return Ok(Lease::Held(now));
        }
        let epoch = now.epoch + 1;
        sqlx::query("UPDATE logs SET holder = $1, epoch = $2, wanted = false WHERE id = $3")
            .bind(&holder.0)
            .bind(signed(epoch)?)
            .bind(id)
            .execute(&mut *transaction)
            .await
            .map_err(failed(doing))?;
        transaction.commit().await.map_err(failed(doing))?;
        Ok(Lease::Taken { epoch })
    }

    pub(super) async fn release_one_lease(
        &self,
        log: &LogName,
        epoch: u64,
    ) -> Result<(), LogStoreError> {
        sqlx::query("UPDATE logs SET holder = NULL, wanted = false WHERE name = $1 AND epoch = $2")
            .bind(log.as_str())
            .bind(signed(epoch)?)
            .execute(&self.writer)
            .await
            .map_err(failed("free a log's lease"))?;
        Ok(())
    }
}
