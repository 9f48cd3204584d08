//! A person who uses only the keyboard.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;

use super::Window;

/// More keys than it takes to reach any element of a page.
const MANY: usize = 200;

impl Window {
    /// Presses a key where the focus is.
    pub(crate) async fn presses(&self, key: Key) {
        self.types_here(&char::from(key).to_string()).await;
    }

    /// Types a text where the focus is.
    pub(crate) async fn types_here(&self, text: &str) {
        let mut keys = KeyActions::new("keyboard".to_owned());
        for value in text.chars() {
            keys = keys.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.front().await.perform_actions(keys).await.unwrap();
    }

    /// Presses a key while another one is held down.
    pub(crate) async fn presses_with(&self, held: Key, key: char) {
        let held = char::from(held);
        let keys = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: held })
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key })
            .then(KeyAction::Up { value: held });
        self.front().await.perform_actions(keys).await.unwrap();
    }

    /// Moves the focus to an element, as Tab would.
    pub(crate) async fn focuses(&self, selector: &str) {
        self.runs("document.querySelector(arguments[0]).focus()", selector).await;
        assert!(self.has_focus(selector).await, "the focus is on {}", self.focus().await);
    }

    /// Waits until an element has the focus.
    pub(crate) async fn finds_the_focus_on(&self, selector: &str) {
        let matches = "return document.activeElement.matches(arguments[0])";
        self.until(&format!("on {selector} with the focus"), async || {
            let has_focus = self.front().await.execute(matches, vec![selector.into()]).await?;
            Ok((has_focus == true).then_some(()))
        })
        .await;
    }

    /// Presses Tab until an element has the focus.
    pub(crate) async fn tabs_to(&self, selector: &str) {
        for _ in 0..MANY {
            if self.has_focus(selector).await {
                return;
            }
            self.presses(Key::Tab).await;
        }
        panic!("no Tab reaches {selector}; the focus is on {}", self.focus().await);
    }

    /// Presses Shift and Tab until an element has the focus.
    pub(crate) async fn tabs_back_to(&self, selector: &str) {
        for _ in 0..MANY {
            if self.has_focus(selector).await {
                return;
            }
            self.presses_with(Key::Shift, Key::Tab.into()).await;
        }
        panic!("no Tab reaches {selector}; the focus is on {}", self.focus().await);
    }

    /// Checks that Tab leads to the link that skips the navigation, as on every page just loaded.
    pub(crate) async fn begins_at_the_skip_link(&self) {
        self.presses(Key::Tab).await;
        assert!(self.has_focus(".skip").await, "Tab leads to {}", self.focus().await);
    }

    /// Waits until an element with the focus is visible, so that the next key acts on what the
    /// person knows.
    pub(crate) async fn knows_the_focus(&self, after: &str) {
        let is_known = "const focus = document.activeElement; \
            return focus !== document.body && focus !== document.documentElement \
            && focus.checkVisibility()";
        self.until(&format!("on a visible focus after {after}"), async || {
            let is_known = self.front().await.execute(is_known, Vec::new()).await?;
            Ok((is_known == true).then_some(()))
        })
        .await;
    }

    /// Returns whether the element with the focus matches.
    pub(crate) async fn has_focus(&self, selector: &str) -> bool {
        let matches = "return document.activeElement.matches(arguments[0])";
        self.runs(matches, selector).await.as_bool().unwrap()
    }

    /// Returns the start tag of the element with the focus.
    pub(crate) async fn focus(&self) -> String {
        let tag = "return document.activeElement.cloneNode().outerHTML";
        self.runs(tag, "").await.as_str().unwrap_or_default().to_owned()
    }
}
