//! A window of a browser, and what a person does and sees in it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use serde_json::Value;
use tokio::time::{sleep, timeout};

/// How long to wait for a change before the test fails; far longer than any change takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a person waits for something that may have been lost.
const IMPATIENCE: Duration = Duration::from_secs(4);

/// The time between two looks at a page.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A window with a page of a shop.
pub(crate) struct Window {
    client: Client,
    handle: WindowHandle,
    shop: String,
}

/// The identity of a loaded page; a reload changes it.
#[derive(Debug, PartialEq)]
pub(crate) struct Page(Value);

impl Window {
    pub(super) fn new(client: Client, handle: WindowHandle, shop: String) -> Self {
        Self { client, handle, shop }
    }

    /// Opens a page of the shop.
    pub(crate) async fn opens(&self, path: &str) {
        self.front().await.goto(&format!("{}{path}", self.shop)).await.unwrap();
    }

    /// Returns to the page before with the button of the browser.
    pub(crate) async fn returns(&self) {
        self.front().await.back().await.unwrap();
    }

    /// Sends the page the events with which a browser keeps it in its history and restores it. A
    /// browser that a test drives loads the page instead.
    pub(crate) async fn is_kept_and_restored(&self) {
        self.runs(
            "dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));\
            dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
            "",
        )
        .await;
    }

    /// Signs in without loading a page, so that the other pages receive no message.
    pub(crate) async fn signs_in_unnoticed(&self, name: &str, password: &str) {
        let form = format!("username={name}&password={password}");
        // The next page is not requested: a server that is killed then would cut it off.
        let sign_in = "return fetch('/login', { method: 'POST', redirect: 'manual', \
            body: new URLSearchParams(arguments[0]) }) \
            .then(({ type }) => type === 'opaqueredirect')";
        assert_eq!(self.runs(sign_in, &form).await, true);
    }

    /// Makes the commands of the page fail if they take longer than some milliseconds.
    pub(crate) async fn loses_patience_after(&self, milliseconds: u32) {
        self.runs("htmx.config.defaultTimeout = +arguments[0]", &milliseconds.to_string()).await;
    }

    /// Reloads the page.
    pub(crate) async fn reloads(&self) {
        self.front().await.refresh().await.unwrap();
    }

    /// Opens the form to sign in and signs in.
    pub(crate) async fn logs_in(&self, name: &str, password: &str) {
        self.opens("/login").await;
        self.fills_in_the_login(name, password).await;
        self.is_at("/articles").await;
    }

    /// Fills in the form to sign in and sends it.
    pub(crate) async fn fills_in_the_login(&self, name: &str, password: &str) {
        self.types("#login [name=username]", name).await;
        self.types("#login [name=password]", password).await;
        self.clicks("#login button").await;
    }

    /// Fills in the checkout form and sends it.
    pub(crate) async fn places_the_order(&self) {
        self.fills_in_the_contact().await;
        self.clicks("#checkout button").await;
    }

    /// Fills in the checkout form.
    pub(crate) async fn fills_in_the_contact(&self) {
        self.types("#checkout [name=name]", "Ana Lévêque").await;
        self.types("#checkout [name=email]", "ana@example.org").await;
        self.types("#checkout [name=address]", "1 quai des Brumes\n29200 Brest").await;
    }

    /// Clicks an element, as soon as it can be clicked.
    pub(crate) async fn clicks(&self, selector: &str) {
        self.until(&format!("clicked {selector}"), async || {
            Ok(self.find(selector).await?.click().await.ok())
        })
        .await;
    }

    /// Clicks an element twice before the page can react.
    pub(crate) async fn double_clicks(&self, selector: &str) {
        self.runs(
            "const found = document.querySelector(arguments[0]); found.click(); found.click()",
            selector,
        )
        .await;
    }

    /// Replaces the content of a field.
    pub(crate) async fn types(&self, field: &str, text: &str) {
        self.until(&format!("typed into {field}"), async || {
            let field = self.find(field).await?;
            field.clear().await?;
            field.send_keys(text).await.map(Some)
        })
        .await;
    }

    /// Types keys at the end of a field.
    pub(crate) async fn adds_to(&self, field: &str, keys: &str) {
        self.find(field).await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Waits until an element shows a text.
    pub(crate) async fn sees(&self, place: &str, text: &str) {
        self.until(&format!("seen {text:?} in {place}"), async || {
            let seen = self.find(place).await?.text().await?;
            Ok(seen.contains(text).then_some(()))
        })
        .await;
    }

    /// Opens a page again and again until it is live and has an element: an answer or a file of the
    /// page may be lost.
    pub(crate) async fn reaches(&self, path: &str, selector: &str) {
        self.until(&format!("reached {selector} of {path}"), async || {
            let address = format!("{}{path}", self.shop);
            let _lost = self.front().await.goto(&address).await;
            let is_whole = self.sees_soon("html.live .indicator").await;
            Ok((is_whole && self.sees_soon(selector).await).then_some(()))
        })
        .await;
    }

    /// Waits until the page is live, and opens it again if a file of it was lost.
    pub(crate) async fn is_live(&self) {
        let path = self.path().await;
        if !self.sees_soon("html.live .indicator").await {
            self.reaches(&path, "html.live .indicator").await;
        }
    }

    /// Returns whether an element appears before a person loses patience.
    pub(crate) async fn sees_soon(&self, selector: &str) -> bool {
        let found = async {
            while self.find(selector).await.is_err() {
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(IMPATIENCE, found).await.is_ok()
    }

    /// Sends the request of the page again, whose answer may be lost again.
    pub(crate) async fn tries_to_reload(&self) {
        let _lost = self.front().await.refresh().await;
    }

    /// Reloads the page until an element shows a text.
    pub(crate) async fn reloads_until(&self, place: &str, text: &str) {
        self.until(&format!("seen {text:?} in {place}"), async || {
            self.reloads().await;
            let seen = self.find(place).await?.text().await?;
            Ok(seen.contains(text).then_some(()))
        })
        .await;
    }

    /// Waits until no element matches.
    pub(crate) async fn sees_no(&self, place: &str) {
        self.until(&format!("seen {place} disappear"), async || {
            let found = self.front().await.find_all(Locator::Css(place)).await?;
            Ok(found.is_empty().then_some(()))
        })
        .await;
    }

    /// Scrolls until an element is at the lower edge of the window.
    pub(crate) async fn scrolls_to(&self, selector: &str) {
        let scroll = "document.querySelector(arguments[0])\
            .scrollIntoView({ block: 'end', behavior: 'instant' })";
        self.runs(scroll, selector).await;
    }

    /// Waits until every picture is loaded.
    pub(crate) async fn has_loaded_every_picture(&self) {
        self.until("loaded every picture", async || {
            let loaded = "return [...document.images].every((image) => image.complete)";
            let loaded = self.front().await.execute(loaded, Vec::new()).await?;
            Ok((loaded == true).then_some(()))
        })
        .await;
    }

    /// Makes the page receive every response a second late, while pushes arrive at once.
    pub(crate) async fn delays_responses(&self) {
        let delay = "const send = window.fetch; window.fetch = async (...request) => {\
            const response = await send(...request);\
            await new Promise((resolve) => setTimeout(resolve, 1000));\
            return response; }";
        self.runs(delay, "").await;
    }

    /// Clicks every element of a selector before any response arrives.
    pub(crate) async fn clicks_all(&self, selector: &str) {
        let click = "document.querySelectorAll(arguments[0]).forEach((each) => each.click())";
        self.runs(click, selector).await;
    }

    /// Returns how far the page is scrolled, in pixels.
    pub(crate) async fn scroll_position(&self) -> u64 {
        self.runs("return Math.round(scrollY)", "").await.as_u64().unwrap()
    }

    /// Selects the text of an element, as with a mouse.
    pub(crate) async fn selects(&self, selector: &str) {
        self.runs(
            "getSelection().selectAllChildren(document.querySelector(arguments[0]))",
            selector,
        )
        .await;
    }

    /// Returns the selected text.
    pub(crate) async fn selected(&self) -> String {
        self.runs("return getSelection().toString()", "").await.as_str().unwrap().to_owned()
    }

    /// Returns the current text of an element.
    pub(crate) async fn reads(&self, place: &str) -> String {
        self.find(place).await.unwrap().text().await.unwrap()
    }

    /// Returns whether all of an element is visible without scrolling.
    pub(crate) async fn is_on_the_screen(&self, selector: &str) -> bool {
        let is_visible = "const element = document.querySelector(arguments[0]); \
            const box = element.getBoundingClientRect(); \
            return box.height > 0 && box.top >= 0 && box.left >= 0 \
            && box.bottom <= innerHeight && box.right <= innerWidth";
        self.runs(is_visible, selector).await.as_bool().unwrap()
    }

    /// Returns the current content of a field.
    pub(crate) async fn holds(&self, field: &str) -> String {
        self.find(field).await.unwrap().prop("value").await.unwrap().unwrap_or_default()
    }

    /// Waits until a field has a content.
    pub(crate) async fn holds_soon(&self, field: &str, content: &str) {
        self.until(&format!("{content:?} in {field}"), async || {
            let held = self.find(field).await?.prop("value").await?;
            Ok((held.as_deref() == Some(content)).then_some(()))
        })
        .await;
    }

    /// Waits until the window shows a page.
    pub(crate) async fn is_at(&self, path: &str) {
        self.until(&format!("at {path}"), async || {
            let url = self.front().await.current_url().await?;
            Ok((url.path() == path).then_some(()))
        })
        .await;
    }

    /// Returns the path of the page.
    pub(crate) async fn path(&self) -> String {
        self.front().await.current_url().await.unwrap().path().to_owned()
    }

    /// Resizes the window.
    pub(crate) async fn resizes(&self, width: u32, height: u32) {
        self.front().await.set_window_size(width, height).await.unwrap();
    }

    /// Shows HTML that is not a page of the shop.
    pub(crate) async fn shows(&self, html: &str) {
        let html = STANDARD.encode(html);
        let address = format!("data:text/html;base64,{html}");
        self.front().await.goto(&address).await.unwrap();
    }

    /// The visible part of the window, as a PNG file.
    pub(crate) async fn screenshot(&self) -> Vec<u8> {
        self.front().await.screenshot().await.unwrap()
    }

    /// Returns the identity of the current page.
    pub(crate) async fn page(&self) -> Page {
        Page(self.runs("return performance.timeOrigin", "").await)
    }

    /// Runs a script with one argument and returns its result.
    pub(crate) async fn runs(&self, script: &str, argument: &str) -> Value {
        self.front().await.execute(script, vec![argument.into()]).await.unwrap()
    }

    /// Runs a script that calls its argument with its result, and returns the result. The script
    /// runs again if the browser opens another page before.
    pub(crate) async fn finds_later(&self, script: &str) -> Value {
        // The browser itself would wait for the result of a page that has been left. No page has
        // an element of this id, which would be a property of the window too.
        let starts = format!(
            "window.testFound = []; \
            (function () {{ {script}\n }})((found) => window.testFound.push(found))"
        );
        let state = "return { lost: !window.testFound, found: window.testFound ?? [] }";
        let found = async {
            loop {
                let state = self.runs(state, "").await;
                if let Some(found) = state["found"].get(0) {
                    return found.clone();
                }
                if state["lost"] == true {
                    self.runs(&starts, "").await;
                }
                sleep(LOOK_EVERY).await;
            }
        };
        self.runs("delete window.testFound", "").await;
        match timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("no result of the script at {}", self.whole_text().await),
        }
    }

    async fn find(&self, selector: &str) -> Result<Element, CmdError> {
        self.front().await.find(Locator::Css(selector)).await
    }

    /// Returns the browser after switching to this window.
    pub(super) async fn front(&self) -> &Client {
        self.client.switch_to_window(self.handle.clone()).await.unwrap();
        &self.client
    }

    /// Looks until it finds a value. A look may fail because the page changes during it.
    pub(super) async fn until<Found>(
        &self,
        what: &str,
        look: impl AsyncFn() -> Result<Option<Found>, CmdError>,
    ) -> Found {
        let found = async {
            loop {
                match look().await {
                    Ok(Some(found)) => return found,
                    Ok(None) | Err(CmdError::Standard(_)) => sleep(LOOK_EVERY).await,
                    Err(error) => panic!("the browser failed: {error}"),
                }
            }
        };
        match timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("not {what}, but:\n{}", self.whole_text().await),
        }
    }

    /// Returns the address and the text of the page, for the message of a failed test.
    async fn whole_text(&self) -> String {
        let url = self.client.current_url().await.map(|url| url.to_string()).unwrap_or_default();
        let body = self.find("body").await.unwrap().text().await.unwrap_or_default();
        format!("{url}\n{body}")
    }
}
