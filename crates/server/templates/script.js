// What pages do more where scripts are on. Everything works without it.

// Commands get a button that copies them.
for (const figure of document.querySelectorAll("figure.command")) {
  const code = figure.querySelector("pre");
  if (!code) continue;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  const said = document.createElement("span");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    const done = await copied(code);
    button.textContent = done ? "Copied" : "Selected";
    said.textContent = done ? "Copied to the clipboard" : "Selected: copy it with the keyboard";
    setTimeout(() => {
      button.textContent = "Copy";
      said.textContent = "";
    }, 2000);
  });
  figure.append(button, said);
}

// The clipboard is for pages by https alone; elsewhere the text is selected, and copied as browsers did before.
async function copied(element) {
  try {
    await navigator.clipboard.writeText(element.textContent.trimEnd());
    return true;
  } catch {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return document.execCommand("copy");
  }
}

// Search answers as you type: a list of links below the field.
for (const input of document.querySelectorAll("input[data-suggest]")) {
  const list = document.createElement("ul");
  list.className = "suggestions";
  list.hidden = true;
  input.autocomplete = "off";
  input.after(list);
  let timer, asked;
  const close = () => {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
  };
  input.addEventListener("input", () => {
    close();
    const query = input.value.trim();
    if (query.length < 2) return;
    timer = setTimeout(async () => {
      asked = new AbortController();
      try {
        const url = `/search?q=${encodeURIComponent(query)}&fragment`;
        const answer = await fetch(url, { signal: asked.signal });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        list.replaceChildren(...page.querySelectorAll("li"));
        list.hidden = !list.querySelector("a");
      } catch {
        // Asked again, or no network: the form still searches.
      }
    }, 120);
  });
  const move = (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      close();
      input.focus();
    } else if (event.key === "ArrowDown" && !list.hidden) {
      links[Math.min(at + 1, links.length - 1)]?.focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      (links[at - 1] ?? input).focus();
    } else {
      return;
    }
    event.preventDefault();
  };
  input.addEventListener("keydown", move);
  list.addEventListener("keydown", move);
  input.form?.addEventListener("focusout", (event) => {
    if (!input.form.contains(event.relatedTarget)) close();
  });
}
