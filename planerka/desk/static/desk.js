// Keys for the desk. Everything works without this file: it only presses what is on the page.
"use strict";

const comment = document.querySelector("#ruling textarea");
const ruling = document.querySelector("#ruling");
const keyNote = document.querySelector("#key-note");
let chosen = null;

function isTyping(target) {
  return target.matches("input, textarea, select");
}

function choose(button) {
  chosen = button;
  document.querySelectorAll("[data-decide]").forEach((other) => other.classList.toggle("chosen", other === button));
  if (comment.value.trim()) {
    ruling.requestSubmit(button);
  } else {
    keyNote.textContent = ruling.dataset.waiting;
    comment.focus();
  }
}

function step(by) {
  const rows = [...document.querySelectorAll("table.disputes a.subject")];
  const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(document.activeElement) + by))];
  if (next) next.focus();
}

// The place of a key, not its letter: in the Russian layout the same key says another one.
function keyOf(event) {
  const place = /^(?:Key|Digit|Numpad)(\w)$/.exec(event.code);
  return place ? place[1].toLowerCase() : "";
}

function press(event) {
  const key = keyOf(event);
  const decide = document.querySelector(`[data-decide="${key}"]`);
  const marked = document.querySelector(`[data-key="${key}"]`);
  if (decide) {
    if (!decide.disabled) choose(decide);
  } else if (key === "c" && comment) {
    comment.focus();
  } else if (marked) {
    marked.click();
  } else if (key === "j" || key === "k") {
    step(key === "j" ? 1 : -1);
  } else {
    return;
  }
  event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey && event.target === comment && chosen) {
    event.preventDefault();
    if (comment.reportValidity()) ruling.requestSubmit(chosen);
  } else if (event.key === "Escape" && isTyping(event.target)) {
    event.target.blur();
  } else if (!isTyping(event.target) && !event.ctrlKey && !event.altKey && !event.metaKey) {
    press(event);
  }
});

// Sent once, however often it is pressed; the button that was pressed still goes along.
document.querySelectorAll("form[method=post]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
});
window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));
