//! The users as administrators see them: lists, pages, searches, and the figures of each user.

use std::collections::BTreeMap;

use domain::list::ListPage;
use domain::search::words;
use domain::session::Session;
use domain::user::report::UserReport;
use domain::user::{User, UserError, UserId};

use super::commands::UserDeps;
use super::count::count;
use super::index::find;
use super::{ListUsers, PageUsers};
use crate::failure::Failure;
use crate::order::buyer::{Counted, counted};
use crate::store::StoreError;
use crate::tables::table::Row;

type Result<T> = std::result::Result<T, Failure<UserError>>;

impl UserDeps {
    /// Returns users with their figures, oldest first.
    pub(super) async fn list(self, list: ListUsers) -> Result<Vec<UserReport>> {
        let ListUsers { after, limit } = list;
        let after = after.map(|user| user.to_string());
        let rows = self.shared.tables.accounts.list("", after.as_deref(), limit).await?;
        let users = rows.into_iter().map(|(_, row)| row.value.user).collect();
        Ok(self.reports(users).await?)
    }

    /// Returns a page of the users that a search finds, oldest first.
    pub(super) async fn page(self, page: PageUsers) -> Result<ListPage<UserReport, UserId>> {
        let PageUsers { search, after, limit } = page;
        let search = words(&search);
        let page = if search.is_empty() {
            self.page_all(after, limit).await?
        } else {
            let users = find(&self.shared.tables, &search).await?;
            ListPage::of(&users, |user| user.id, after, limit)
        };
        let ListPage { entries, after, before, total, previous, next } = page;
        let entries = self.reports(entries).await?;
        Ok(ListPage { entries, after, before, total, previous, next })
    }

    async fn page_all(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<ListPage<User, UserId>> {
        let key = after.map(|user| user.to_string());
        let page = self.shared.tables.accounts.page("", key.as_deref(), limit).await?;
        let entries: Vec<_> = page.values.into_iter().map(|account| account.user).collect();
        Ok(ListPage {
            after,
            before: page.before,
            total: self.count().await?,
            previous: page.previous.map(|account| account.user.id),
            next: entries.last().map(|user| user.id).filter(|_| page.has_more),
            entries,
        })
    }

    /// Returns the number of users.
    pub(super) async fn count(&self) -> Result<u64> {
        Ok(count(&self.shared.tables, self.shared.batch()).await?)
    }

    /// Returns a user with the figures.
    pub(super) async fn report(self, id: UserId) -> Result<UserReport> {
        let user = self.row(id).await?.value.user;
        let report = self.reports(vec![user]).await?.pop();
        report.ok_or_else(|| UserError::Unknown.into())
    }

    /// Returns users with their figures. All rows of a kind are read at once.
    async fn reports(&self, users: Vec<User>) -> std::result::Result<Vec<UserReport>, StoreError> {
        let tables = &self.shared.tables;
        let ids: Vec<_> = users.iter().map(|user| user.id).collect();
        let buyers = tables.buyers.get_many(&ids).await?;
        let seen = tables.last_seen.get_many(&ids).await?;
        let mut sessions = self.sessions_of(&ids).await?;
        let now = self.shared.clock.now();
        let mut reports = Vec::with_capacity(users.len());
        for ((user, buyer), seen) in users.into_iter().zip(buyers).zip(seen) {
            let Counted { by_status, spent } =
                counted(tables, self.shared.batch(), user.id, buyer).await?;
            let sessions = sessions.remove(&user.id).unwrap_or_default();
            // An earlier version has stored only the last use of each session.
            let last_uses = sessions.iter().map(|session| session.last_seen_at);
            reports.push(UserReport {
                orders: by_status.of(None),
                spent,
                last_seen_at: last_uses.chain(seen.map(|seen| seen.value)).max(),
                devices: sessions.iter().filter(|session| session.is_live(now)).count(),
                user,
            });
        }
        Ok(reports)
    }

    /// Returns the stored sessions of users.
    async fn sessions_of(
        &self,
        users: &[UserId],
    ) -> std::result::Result<BTreeMap<UserId, Vec<Session>>, StoreError> {
        let tables = &self.shared.tables;
        let lists = tables.user_sessions.get_many(users).await?;
        let ids: Vec<_> = lists.into_iter().flatten().flat_map(|list| list.value).collect();
        let mut sessions: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for Row { value, .. } in tables.sessions.get_many(&ids).await?.into_iter().flatten() {
            sessions.entry(value.user).or_default().push(value);
        }
        Ok(sessions)
    }
}
