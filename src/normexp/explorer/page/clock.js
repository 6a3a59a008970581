// Something that moves: step(milliseconds since the last) in every frame while it plays.

export function createClock(step) {
  let last;
  let request;
  const tick = (now) => {
    request = requestAnimationFrame(tick);
    step(Math.min(100, now - last));
    last = now;
  };
  const clock = {
    playing: false,
    play() {
      if (clock.playing) return;
      clock.playing = true;
      last = performance.now();
      request = requestAnimationFrame(tick);
    },
    pause() {
      clock.playing = false;
      cancelAnimationFrame(request);
    },
  };
  return clock;
}
