//! How quickly rows come into a table, as the database sees it.

use anyhow::{Context, Result};

use super::distributed::sql;

/// Rows in a second from the first look that finds any to the one that finds all.
pub(super) struct Rate {
    pub(super) rows: f64,
    pub(super) seconds: f64,
}

impl Rate {
    pub(super) fn per_second(&self) -> f64 {
        self.rows / self.seconds
    }
}

/// Waits until `table` has `wanted` rows. One statement looks every few hundredths of a second: asking from
/// outside would cost a process each time.
pub(super) fn watch(url: &str, table: &str, wanted: u32) -> Result<Rate> {
    let block = format!(
        "do $$ declare
             first_at timestamptz; first_rows bigint := 0; rows bigint := 0; looks int := 0;
         begin
             while rows < {wanted} loop
                 perform pg_sleep(0.05);
                 select count(*) into rows from {table};
                 if first_rows = 0 and rows > 0 then
                     first_at := clock_timestamp(); first_rows := rows;
                 end if;
                 looks := looks + 1;
                 if looks > 12000 then raise exception '% rows after ten minutes', rows; end if;
             end loop;
             perform set_config('bench.told',
                 (rows - first_rows) || ' ' || extract(epoch from clock_timestamp() - first_at), false);
         end $$;
         select current_setting('bench.told');"
    );
    let told = sql(url, &block)?;
    let (rows, seconds) = told.split_once(' ').with_context(|| format!("psql said {told:?}"))?;
    Ok(Rate { rows: rows.parse()?, seconds: seconds.parse()? })
}
