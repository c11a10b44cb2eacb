// Brings the part of the page that was just opened into view, once an occasion: an element that nobody sees names both.

const BELOW_THE_BAR = "4.5rem";

let last = "";

function look() {
  const asked = document.querySelector("[data-reveal]");
  if (!asked || asked.dataset.occasion === last) return;
  const part = document.querySelector(`.st-key-${asked.dataset.reveal}`);
  if (!part) return;
  last = asked.dataset.occasion;
  part.style.scrollMarginTop = BELOW_THE_BAR;
  part.scrollIntoView({ block: "start" });
}

new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
look();
