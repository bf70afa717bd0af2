//! Back-fills.

use store::{StoreError, back_fills};

use super::now;
use crate::db::on_each;

#[tokio::test]
async fn a_back_fill_goes_on_where_it_was_and_ends_once() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                assert!(!back_fills::is_over(tx, "lines@2")?);
                assert_eq!(back_fills::go_on(tx, "lines@2", now())?, Some(0));
                back_fills::advance(tx, "lines@2", 40)?;
                assert_eq!(back_fills::go_on(tx, "lines@2", now())?, Some(40));
                assert_eq!(back_fills::go_on(tx, "lines@3", now())?, Some(0), "another one is another one");
                assert!(!back_fills::is_over(tx, "lines@2")?);
                back_fills::end(tx, "lines@2", now())?;
                assert_eq!(back_fills::go_on(tx, "lines@2", now())?, None);
                assert!(back_fills::is_over(tx, "lines@2")? && !back_fills::is_over(tx, "lines@3")?);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}
