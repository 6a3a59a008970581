// A button for what a reader would otherwise select by hand; without a script there is none.
for (const button of document.querySelectorAll("button[data-copies]")) {
  const text = document.getElementById(button.dataset.copies);
  const label = button.textContent;
  const say = (words) => {
    button.textContent = words;
    setTimeout(() => (button.textContent = label), 2000);
  };
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      say(button.dataset.copied);
    } catch {
      getSelection().selectAllChildren(text); // to be copied by hand
      say(document.execCommand("copy") ? button.dataset.copied : button.dataset.selected);
    }
  });
}
