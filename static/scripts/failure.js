// Says when a command fails on its way, or is not sent: nothing repeats it, and it can be sent again.
(() => {
  // The layout has a notice in the language of the page for each kind of failure.
  const say = (failure) => {
    const { content } = document.getElementById(`notice-${failure}`);
    document.getElementById("notice").replaceChildren(content.cloneNode(true));
  };
  document.addEventListener("microshop:failure", ({ detail }) => say(detail));
  document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
    if (ctx) say(error === "timeout" ? "late" : "unreachable");
  });
  // A proxy answers in place of the shop, or the shop cannot even render its notice.
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    if (!ctx.text.includes("<hx-partial") && !ctx.hx.redirect) say("failed");
  });
})();
