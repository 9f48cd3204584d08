// Shows every time in the time zone of the reader, and counts down to near ones. The server has
// written them in the time zone of the shop.
{
  const isFrench = document.documentElement.lang === "fr";

  // Returns a function that formats a time. It makes its formatter when it is first called, because
  // that takes a phone a tenth of a second, and the catalogue shows no time.
  const formatter = (options) => {
    let made;
    return (at) => {
      made ??= new Intl.DateTimeFormat(isFrench ? "fr-FR" : "en-GB", {
        hourCycle: "h23",
        ...options,
      });
      return made.format(at);
    };
  };
  const date = formatter({ day: "numeric", month: "long", year: "numeric" });
  const minute = formatter({ hour: "2-digit", minute: "2-digit" });
  const second = formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

  // The first day of a month is "1er" in French.
  const day = (at) => date(at).replace(/^1 /, isFrench ? "1er " : "1 ");

  // As `views/src/format.rs` writes them: a time; the end of a period, whose date is shown unless
  // it is today; a time that is so near that its seconds matter; and the seconds left until one.
  const moment = (at) => day(at) + (isFrench ? " à " : ", ") + minute(at);
  const forms = {
    until: (at) => {
      if (day(at) === day(new Date())) return minute(at);
      return (isFrench ? "le " : "") + moment(at);
    },
    second,
    left: (at) => `${Math.max(0, Math.ceil((at - Date.now()) / 1000))} s`,
  };

  const show = () => {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const text = (forms[time.dataset.form] ?? moment)(new Date(time.dateTime));
      if (time.textContent !== text) time.textContent = text;
    }
  };
  show();
  setInterval(show, 1000);
  // Before the next frame is drawn, so no reader sees the text of the server in a fragment.
  new MutationObserver(show).observe(document, {
    attributeFilter: ["datetime"],
    characterData: true,
    childList: true,
    subtree: true,
  });
}
