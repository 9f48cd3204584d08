// Follows the log of events: keeps its list short, and holds new events back while the reader has
// paused it.
(() => {
  // The most rows of the list.
  const MOST = 100;
  const bar = document.getElementById("event-follow");
  if (!bar) return;
  const button = document.getElementById("event-pause");
  const status = document.getElementById("event-waiting");
  const pause = button.textContent;

  // What the list will be when it is resumed, and its newest row when it was paused.
  let held;
  let newest;

  const list = () => document.getElementById("event-list");
  const rows = (part) => [...part.querySelectorAll("#event-rows > li")];
  const number = (row) => Number(row?.id.slice("event-".length) ?? 0);

  // Removes the oldest rows, and leads the link to older events to those before the last row left.
  const shorten = (part) => {
    const all = rows(part);
    if (all.length <= MOST) return;
    for (const row of all.slice(MOST)) row.remove();
    const older = part.querySelector("#pager-next");
    const address = new URL(older.href);
    address.searchParams.set("before", number(all[MOST - 1]));
    older.href = address;
    older.hidden = false;
  };

  const say = () => {
    button.textContent = held ? button.dataset.resume : pause;
    const waiting = held ? rows(held).filter((row) => number(row) > newest).length : 0;
    const { following, none, some } = status.dataset;
    const count = waiting < MOST ? waiting : `${MOST}+`;
    const text = held ? (waiting ? some.replace("#", count) : none) : following;
    if (status.textContent !== text) status.textContent = text;
  };

  button.addEventListener("click", () => {
    if (held) {
      list().replaceWith(held);
      held = undefined;
    } else {
      newest = number(rows(list())[0]);
      held = list().cloneNode(true);
    }
    say();
  });

  const isOfList = ({ target }) => ["event-list", "event-rows"].includes(target?.id);
  document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
    if (!held) return;
    for (const { target, fragment } of tasks.filter(isOfList)) {
      const whole = fragment.querySelector("#event-list");
      if (whole) held = whole;
      else held.querySelector("#event-rows").prepend(fragment);
      shorten(held);
    }
    tasks.splice(0, tasks.length, ...tasks.filter((task) => !isOfList(task)));
    say();
  });
  document.addEventListener("htmx:after:swap", () => shorten(list()));

  bar.hidden = false;
  say();
})();
