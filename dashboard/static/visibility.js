// Tells the server whether anybody can see this tab, by a box of the page that nobody sees: ticked is hidden.

const BOX = ".st-key-tab-hidden input";
// Whoever is away for a moment only must not cost the server two full pages.
const MOMENT_MS = 10_000;
const LOOK_AGAIN_MS = 1_000;

let since = Date.now();

function isAway() {
  return document.hidden && Date.now() - since >= MOMENT_MS;
}

// A dialog might not outlive the full page that a tick asks for, so it is not told then. Asked again and again, since
// the box cannot be ticked while the connection is down, and a new session begins with an empty one.
function tell() {
  const box = document.querySelector(BOX);
  const busy = !box || box.disabled || document.querySelector('[role="dialog"]');
  if (!busy && box.checked !== isAway()) box.click();
}

document.addEventListener("visibilitychange", () => {
  since = Date.now();
  tell();
});
setInterval(tell, LOOK_AGAIN_MS);
