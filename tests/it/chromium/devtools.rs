//! What a test sets in the browser itself, through the DevTools protocol.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::Window;

/// The height of a page whose width a test sets, in pixels.
const HEIGHT: u32 = 900;

/// The colours that a user prefers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Theme {
    Light,
    Dark,
}

/// A command of the DevTools protocol.
#[derive(Debug)]
struct Command {
    name: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.name, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}

impl Theme {
    pub(crate) const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// Returns the value of the media feature `prefers-color-scheme`.
    fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Window {
    /// Sets the width of the page, in pixels. The window keeps its size.
    pub(crate) async fn is_wide(&self, width: u32) {
        let screen =
            json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": false });
        self.commands("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// Sets the colours that the user prefers; the user prefers no motion.
    pub(crate) async fn prefers(&self, theme: Theme) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": theme.name() },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.commands("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Shows the printed page of a user who prefers these colours.
    pub(crate) async fn prints_in(&self, theme: Theme) {
        let features = json!([{ "name": "prefers-color-scheme", "value": theme.name() }]);
        let printed = json!({ "media": "print", "features": features });
        self.commands("Emulation.setEmulatedMedia", printed).await;
    }

    /// Moves the user to a time zone. Pages that are open keep the former one.
    pub(crate) async fn is_in(&self, time_zone: &str) {
        let time_zone = json!({ "timezoneId": time_zone });
        self.commands("Emulation.setTimezoneOverride", time_zone).await;
    }

    /// Delays every answer to the page by 300 ms.
    pub(crate) async fn has_a_slow_network(&self) {
        let unlimited = -1;
        let slow = json!({ "offline": false, "latency": 300,
            "downloadThroughput": unlimited, "uploadThroughput": unlimited });
        self.commands("Network.enable", json!({})).await;
        self.commands("Network.emulateNetworkConditions", slow).await;
    }

    /// Runs a script at the start of every page that the window opens from now on.
    pub(crate) async fn begins_pages_with(&self, script: &str) {
        let script = json!({ "source": script });
        self.commands("Page.addScriptToEvaluateOnNewDocument", script).await;
    }

    /// Returns a picture of the whole page as a PNG, also of what one must scroll to.
    pub(crate) async fn whole_page(&self) -> Vec<u8> {
        let whole = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.commands("Page.captureScreenshot", whole).await;
        STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }

    async fn commands(&self, name: &'static str, parameters: Value) -> Value {
        self.front().await.issue_cmd(Command { name, parameters }).await.unwrap()
    }
}
