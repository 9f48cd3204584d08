//! A window of a browser, and what somebody does and sees there.

use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use serde_json::Value;
use tokio::time::{sleep, timeout};

/// How long something may take to be seen before the test fails; far more than it ever takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often one looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A window with a page of a shop.
pub(crate) struct Window {
    client: Client,
    handle: WindowHandle,
    shop: String,
}

/// A page from when it is loaded until it is loaded anew.
#[derive(Debug, PartialEq)]
pub(crate) struct Page(Value);

impl Window {
    pub(super) fn new(client: Client, handle: WindowHandle, shop: String) -> Self {
        Self { client, handle, shop }
    }

    /// Goes to a page of the shop.
    pub(crate) async fn opens(&self, path: &str) {
        self.front().await.goto(&format!("{}{path}", self.shop)).await.unwrap();
    }

    /// Has the page drawn anew.
    pub(crate) async fn reloads(&self) {
        self.front().await.refresh().await.unwrap();
    }

    /// Signs in, with the form.
    pub(crate) async fn logs_in(&self, name: &str, password: &str) {
        self.opens("/login").await;
        self.fills_in_the_login(name, password).await;
        self.is_at("/articles").await;
    }

    /// Says who it is, and signs in.
    pub(crate) async fn fills_in_the_login(&self, name: &str, password: &str) {
        self.types("#login [name=username]", name).await;
        self.types("#login [name=password]", password).await;
        self.clicks("#login button").await;
    }

    /// Says who gets the goods, and orders.
    pub(crate) async fn fills_in_the_checkout(&self) {
        self.says_who_gets_it().await;
        self.clicks("#checkout button").await;
    }

    /// Says who gets the goods.
    pub(crate) async fn says_who_gets_it(&self) {
        self.types("#checkout [name=name]", "Ana Lévêque").await;
        self.types("#checkout [name=email]", "ana@example.org").await;
        self.types("#checkout [name=address]", "1 quai des Brumes\n29200 Brest").await;
    }

    /// Clicks something.
    pub(crate) async fn clicks(&self, what: &str) {
        self.until(&format!("clicked {what}"), async || {
            Ok(self.find(what).await?.click().await.ok())
        })
        .await;
    }

    /// Clicks something twice before anything can come of it.
    pub(crate) async fn double_clicks(&self, what: &str) {
        self.runs(
            "const found = document.querySelector(arguments[0]); found.click(); found.click()",
            what,
        )
        .await;
    }

    /// Writes a text into a field, instead of what it holds.
    pub(crate) async fn types(&self, field: &str, text: &str) {
        self.until(&format!("typed into {field}"), async || {
            let field = self.find(field).await?;
            field.clear().await?;
            field.send_keys(text).await.map(Some)
        })
        .await;
    }

    /// Presses keys in a field, behind what it holds.
    pub(crate) async fn adds_to(&self, field: &str, keys: &str) {
        self.find(field).await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Answers yes to a question of the page.
    pub(crate) async fn agrees(&self) {
        self.until("asked a question", async || self.client.accept_alert().await.map(Some)).await;
    }

    /// Sees a text somewhere, sooner or later.
    pub(crate) async fn sees(&self, place: &str, text: &str) {
        self.until(&format!("seen {text:?} in {place}"), async || {
            let seen = self.find(place).await?.text().await?;
            Ok(seen.contains(text).then_some(()))
        })
        .await;
    }

    /// Reloads until a text is seen somewhere.
    pub(crate) async fn reloads_until(&self, place: &str, text: &str) {
        self.until(&format!("seen {text:?} in {place}"), async || {
            self.reloads().await;
            let seen = self.find(place).await?.text().await?;
            Ok(seen.contains(text).then_some(()))
        })
        .await;
    }

    /// Sees nothing there, sooner or later.
    pub(crate) async fn sees_no(&self, place: &str) {
        self.until(&format!("seen {place} go"), async || {
            let found = self.front().await.find_all(Locator::Css(place)).await?;
            Ok(found.is_empty().then_some(()))
        })
        .await;
    }

    /// Shows something at the lower edge of the window.
    pub(crate) async fn scrolls_to(&self, what: &str) {
        self.runs("document.querySelector(arguments[0]).scrollIntoView({ block: 'end', behavior: 'instant' })", what)
            .await;
    }

    /// How far the page is scrolled.
    pub(crate) async fn scrolled(&self) -> u64 {
        self.runs("return Math.round(scrollY)", "").await.as_u64().unwrap()
    }

    /// Marks the text of something, as with a mouse.
    pub(crate) async fn marks(&self, what: &str) {
        self.runs("getSelection().selectAllChildren(document.querySelector(arguments[0]))", what)
            .await;
    }

    /// The text that is marked.
    pub(crate) async fn marked(&self) -> String {
        self.runs("return getSelection().toString()", "").await.as_str().unwrap().to_owned()
    }

    /// What can be read somewhere now.
    pub(crate) async fn reads(&self, place: &str) -> String {
        self.find(place).await.unwrap().text().await.unwrap()
    }

    /// Whether all of something is on the screen, whatever one would have to scroll to.
    pub(crate) async fn is_on_the_screen(&self, what: &str) -> bool {
        let is_there = "const box = document.querySelector(arguments[0]).getBoundingClientRect(); \
            return box.height > 0 && box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth";
        self.runs(is_there, what).await.as_bool().unwrap()
    }

    /// What a field holds now.
    pub(crate) async fn holds(&self, field: &str) -> String {
        self.find(field).await.unwrap().prop("value").await.unwrap().unwrap_or_default()
    }

    /// Comes to a page, sooner or later.
    pub(crate) async fn is_at(&self, path: &str) {
        self.until(&format!("come to {path}"), async || {
            let url = self.front().await.current_url().await?;
            Ok((url.path() == path).then_some(()))
        })
        .await;
    }

    /// The page that the window shows, whatever has changed on it.
    pub(crate) async fn page(&self) -> Page {
        Page(self.runs("return performance.timeOrigin", "").await)
    }

    /// What comes of a script about something.
    async fn runs(&self, script: &str, about: &str) -> Value {
        self.front().await.execute(script, vec![about.into()]).await.unwrap()
    }

    async fn find(&self, what: &str) -> Result<Element, CmdError> {
        self.front().await.find(Locator::Css(what)).await
    }

    /// The browser, with this window in front.
    async fn front(&self) -> &Client {
        self.client.switch_to_window(self.handle.clone()).await.unwrap();
        &self.client
    }

    /// Tries until there is something; a page that changes meanwhile makes some looks fail.
    async fn until<Found>(
        &self,
        what: &str,
        look: impl AsyncFn() -> Result<Option<Found>, CmdError>,
    ) -> Found {
        let found = async {
            loop {
                match look().await {
                    Ok(Some(found)) => return found,
                    Ok(None) | Err(CmdError::Standard(_)) => sleep(LOOK_EVERY).await,
                    Err(error) => panic!("the browser is gone: {error}"),
                }
            }
        };
        match timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("not {what}, but:\n{}", self.whole_text().await),
        }
    }

    async fn whole_text(&self) -> String {
        let url = self.client.current_url().await.map(|url| url.to_string()).unwrap_or_default();
        let body = self.find("body").await.unwrap().text().await.unwrap_or_default();
        format!("{url}\n{body}")
    }
}
