// Keys that press what a mouse could press. Which do what, the server tells in the attribute data-shortcuts, as a list
// of {keys: "g s", press, via, then}, of which the last three are CSS selectors (see components/keyboard.py).

const SEQUENCE_MS = 1_500; // from one key of a sequence to the next
const ARRIVAL_MS = 5_000; // until what a press leads to is there
const LOOK_AGAIN_MS = 100;
const NO_TEXT = "[type=checkbox], [type=radio], [type=button], [type=submit], [type=range]";
const TEXT = `textarea, select, input:not(${NO_TEXT}), [contenteditable=true]`;

let begun = "";
let begunAt = 0;

function shortcuts() {
  const table = document.querySelector("[data-shortcuts]");
  return table ? JSON.parse(table.dataset.shortcuts) : [];
}

// The key that is meant: "" for none of ours, the letter's place on the keyboard where that writes another script.
function meant(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return "";
  const place = /^Key([A-Z])$/.exec(event.code);
  const key = event.key.charCodeAt(0) > 127 && place ? place[1] : event.key;
  const letter = /^[a-z]$/i.test(key);
  return letter && event.shiftKey ? "" : letter ? key.toLowerCase() : key;
}

function press(selector) {
  const found = document.querySelector(selector);
  if (!found) return false;
  if (found.matches(TEXT)) {
    found.focus();
    found.select?.();
  } else {
    found.click();
  }
  return true;
}

async function pressOnceThere(selector) {
  const deadline = Date.now() + ARRIVAL_MS;
  while (!press(selector) && Date.now() < deadline) await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
}

async function go({ press: wanted, via, then }) {
  if (!press(wanted)) {
    if (!via || !press(via)) return;
    await pressOnceThere(wanted);
  }
  if (then) await pressOnceThere(then);
}

function onKey(event) {
  const key = meant(event);
  const typing = event.composedPath()[0].closest?.(TEXT);
  if (!key || typing || document.querySelector('[role="dialog"]')) return;
  const going = begun && Date.now() - begunAt < SEQUENCE_MS;
  const keys = going ? `${begun} ${key}` : key;
  const known = shortcuts();
  const found = known.find((one) => one.keys === keys);
  begun = known.some((one) => one.keys.startsWith(`${keys} `)) ? keys : "";
  begunAt = Date.now();
  if (!found && !begun && !going) return;
  // Streamlit has shortcuts of its own for some letters, and a table would take them for its own, too.
  event.preventDefault();
  event.stopImmediatePropagation();
  if (found && !event.repeat) go(found);
}

window.addEventListener("keydown", onKey, { capture: true });
document.documentElement.dataset.keyboard = "listening";
