/* Buttons that copy. Without this file the text stands there to be selected. */
"use strict";

const said = document.createElement("p");
said.className = "hidden";
said.setAttribute("role", "status");

async function copy(button, text) {
  let word = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    word = "Select it, and copy";
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
  }
  button.textContent = word;
  said.textContent = word;
  setTimeout(() => {
    button.textContent = "Copy";
    said.textContent = "";
  }, 2000);
}

for (const place of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", place.dataset.copy);
  button.addEventListener("click", () => copy(button, place.querySelector("code").textContent));
  place.append(button);
}
document.body.append(said);
