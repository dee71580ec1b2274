// The copy buttons beside what is shown once. Without scripts they stay hidden, and the text
// beside them can be selected by hand.
"use strict";

for (const button of document.querySelectorAll("button[data-copies]")) {
  const text = document.getElementById(button.dataset.copies);
  const status = button.parentElement.querySelector("[role=status]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      status.textContent = status.dataset.copied;
    } catch {
      // No clipboard here, as on a page that came without TLS.
      getSelection().selectAllChildren(text);
      status.textContent = status.dataset.selected;
    }
  });
}
