// Lets what a swap moves glide to its new place, so that nothing on the page jumps.
{
  // How long a move takes, in milliseconds.
  const DURATION = 200;
  const isUnwanted = matchMedia("(prefers-reduced-motion: reduce)");

  // How many swaps are in progress, where the elements were before the last of them, and the moves
  // in progress.
  let swaps = 0;
  let before;
  let moves = [];

  const isNear = ({ top, bottom }) => bottom > -innerHeight && top < 2 * innerHeight;

  document.addEventListener("htmx:before:swap", () => {
    swaps += 1;
    if (isUnwanted.matches) return;
    before = { scrolled: scrollY, places: new Map() };
    for (const element of document.querySelectorAll("main, main *, .footer")) {
      const place = element.getBoundingClientRect();
      if (isNear(place)) before.places.set(element, place);
    }
  });

  // Keeps the first whole element on the screen in its place on a page that is scrolled. The
  // browser would do so only after the moves have begun.
  const anchor = (places) => {
    for (const [element, { top, bottom }] of places) {
      if (top < 0 || bottom > innerHeight || !element.isConnected) continue;
      scrollBy({ top: element.getBoundingClientRect().top - top, behavior: "instant" });
      return;
    }
  };

  const glide = () => {
    if (!before) return;
    const { scrolled, places } = before;
    moves.forEach((move) => move.cancel());
    moves = [];
    // What the visitor or the focus has scrolled since then is no move.
    const scroll = scrollY - scrolled;
    if (scroll === 0 && scrollY > 0) anchor(places);
    // How far each element has moved, its ancestors first.
    const ways = new Map();
    for (const [element, { left, top }] of places) {
      if (!element.isConnected) continue;
      const place = element.getBoundingClientRect();
      ways.set(element, { x: left - place.left, y: top - place.top - scroll });
    }
    for (const [element, way] of ways) {
      // An element moves together with its parent.
      const { x, y } = ways.get(element.parentElement) ?? { x: 0, y: 0 };
      const translate = [`${way.x - x}px ${way.y - y}px`, "0px 0px"];
      if (Math.hypot(way.x - x, way.y - y) >= 1) {
        moves.push(element.animate({ translate }, { duration: DURATION, easing: "ease-out" }));
      }
    }
  };

  document.addEventListener("htmx:finally:swap", () => {
    swaps -= 1;
    if (swaps === 0) before = undefined;
  });
  // A swap has several parts. Each moves what is below it before the next frame is drawn.
  new MutationObserver(glide).observe(document, {
    attributes: true,
    characterData: true,
    childList: true,
    subtree: true,
  });
}
