// Going to a section. The page grows as it is drawn, and what is drawn above a section moves it: until the reader
// moves on, the section that was gone to is held where it belongs.

const MOVING_ON = ["wheel", "touchmove", "pointerdown", "keydown"];

export function createArrivals() {
  let destination = ""; // the id of the section
  const scroll = (behavior) => document.getElementById(destination)?.scrollIntoView({ behavior });
  const growth = new ResizeObserver(() => scroll("instant"));
  for (const moved of MOVING_ON) addEventListener(moved, () => (destination = ""), { capture: true, passive: true });
  return {
    watch: (element) => growth.observe(element),
    goTo(name, behavior) {
      destination = name;
      scroll(behavior);
      document.getElementById(`${name}-title`)?.focus({ preventScroll: true });
    },
  };
}
