// The front end of every widget: it shows what Python made, and says what the reader did. It knows nothing of ESMTP.
//
// Python sends {parts: {name: html}, lists: {name: {order: [key], rows: {key: html}}}, values: {name: text}}, or some of it.
// All html is made in Python from escaped text. What the reader does goes back as {act, value}.

const TYPING = 150; // milliseconds without a key after which a half-typed line is looked at

function focusable(place) {
  return [...place.querySelectorAll("button, input, select, textarea, summary, [tabindex='0']")];
}

// Replace what is inside, and leave the focus where the reader had it.
function refill(place, html) {
  const inside = place.contains(document.activeElement);
  const at = inside ? focusable(place).indexOf(document.activeElement) : -1;
  const key = inside ? document.activeElement.dataset.focus : undefined;
  place.innerHTML = html;
  requestAnimationFrame(() => reveal(place));
  if (!inside) return;
  const now = focusable(place);
  (now.find((each) => key && each.dataset.focus === key) ?? now[Math.min(at, now.length - 1)] ?? place).focus();
}

// On a narrow page a figure is wider than its place: bring what is lit, which is drawn thick, into the middle of it.
function reveal(place) {
  const lit = place.querySelector("svg [stroke-width='4']");
  if (!lit || place.scrollWidth <= place.clientWidth) return;
  const [at, box] = [lit.getBoundingClientRect(), place.getBoundingClientRect()];
  place.scrollLeft += (at.left + at.right - box.left - box.right) / 2;
}

function relist(list, order, rows) {
  const there = new Map([...list.children].map((row) => [row.dataset.key, row]));
  const scroller = list.closest("[data-scroll]") ?? list;
  const follow = list.dataset.follow === "always" || scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
  const wanted = new Set(order);
  for (const [key, row] of there) if (!wanted.has(key)) row.remove();
  order.forEach((key, place) => {
    let row = there.get(key);
    if (rows[key] !== undefined) {
      const holder = document.createElement("template");
      holder.innerHTML = rows[key];
      const fresh = holder.content.firstElementChild;
      fresh.dataset.key = key;
      if (row) row.replaceWith(fresh);
      row = fresh;
    }
    if (row && list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
  });
  // With the next picture: a page that is measured in between is laid out twice.
  if (follow) requestAnimationFrame(() => (scroller.scrollTop = scroller.scrollHeight));
}

function combination(event) {
  return (event.altKey ? "Alt+" : "") + (event.ctrlKey ? "Control+" : "") + event.key;
}

function render({ model, el }) {
  el.classList.add("esmtp-face");
  el.innerHTML = model.get("frame");
  const of = (name) => el.querySelector(`[data-part="${name}"]`);
  const act = (name, value) => model.send({ act: name, value: value ?? null });
  let typing = 0;

  const hear = (message) => {
    for (const [name, html] of Object.entries(message.parts ?? {})) if (of(name)) refill(of(name), html);
    for (const [name, { order, rows }] of Object.entries(message.lists ?? {})) if (of(name)) relist(of(name), order, rows);
    for (const [name, value] of Object.entries(message.values ?? {})) {
      const field = el.querySelector(`[name="${name}"]`);
      if (field) field.value = value;
    }
  };
  model.on("msg:custom", hear);

  el.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-act]");
    if (!button || button.type === "submit") return;
    if (button.dataset.put !== undefined) {
      const field = el.querySelector("[data-typed]");
      field.value = button.dataset.put;
      field.focus();
      act("typing", field.value);
    } else act(button.dataset.act, button.dataset.value);
  });
  el.addEventListener("change", (event) => {
    const field = event.target.closest("select[data-act], input[data-act]");
    if (field) act(field.dataset.act, field.type === "checkbox" ? String(field.checked) : field.value);
  });
  el.addEventListener("input", (event) => {
    const field = event.target.closest("[data-typed]");
    if (!field) return;
    clearTimeout(typing);
    typing = setTimeout(() => act("typing", field.value), TYPING);
  });
  el.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    const field = event.target.querySelector("[name]");
    act(event.target.dataset.act, field ? (event.target.dataset.before ?? "") + field.value : null);
    if (field && field.dataset.typed !== undefined) field.value = "";
  });
  el.addEventListener("keydown", (event) => {
    const keys = combination(event);
    const button = [...el.querySelectorAll("[data-keys]")].find((each) => each.dataset.keys.split(" ").includes(keys));
    const writes = event.target.matches("input, select, textarea");
    if (button && !button.disabled && (event.altKey || !writes)) {
      event.preventDefault();
      button.click();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
      event.preventDefault();
      event.target.form?.requestSubmit();
    }
    event.stopPropagation(); // else JupyterLab takes Enter, and letters for its own keys
  });
  let width = 0;
  const resized = new ResizeObserver(() => {
    if (el.clientWidth === width) return;
    width = el.clientWidth;
    el.querySelectorAll("[data-part]").forEach(reveal);
  });
  resized.observe(el);
  act("hello");
  return () => {
    resized.disconnect();
    clearTimeout(typing);
    model.off("msg:custom", hear);
  };
}

export default { render };
