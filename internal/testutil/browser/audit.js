// audit says what is wrong with the page as it is shown, one line each: what a person
// with a phone, with weak eyes or with a screen reader would stumble over.
(width) => {
  const wrong = [];
  const say = (kind, text) => { if (wrong.filter((w) => w.startsWith(kind + ":")).length < 5) wrong.push(kind + ": " + text); };
  const words = (text) => text.trim().replace(/\s+/g, " ").slice(0, 40);
  const name = (e) => "<" + e.localName + (e.id ? " id=" + e.id : "") + (e.getAttribute("class") ? " class=" + e.getAttribute("class") : "") + "> " + words(e.textContent);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const shown = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }) && e.getClientRects().length > 0;

  // Width. The page never scrolls sideways; a table may within its own box.
  const root = document.documentElement;
  if (root.scrollWidth > width) say("width", `the page is ${root.scrollWidth} px wide at ${width}`);
  const scrolls = (e) => { for (let p = e; p && p !== document.body; p = p.parentElement) if (/auto|scroll/.test(getComputedStyle(p).overflowX)) return true; return false; };
  for (const e of all("body *")) {
    if (!shown(e) || e.closest("svg") !== null && e.localName !== "svg" || scrolls(e)) continue;
    const box = e.getBoundingClientRect();
    if (box.right > width + 0.5 || box.left < -0.5) say("width", `${name(e)} reaches from ${Math.round(box.left)} to ${Math.round(box.right)} of ${width}`);
  }

  // Colours as they are painted: those with alpha lie over what is behind them.
  const parse = (text) => {
    const n = (text.match(/-?[\d.]+/g) || []).map(Number);
    return text === "none" ? [0, 0, 0, 0] : text.startsWith("color(") ? [n[0] * 255, n[1] * 255, n[2] * 255, n[3] ?? 1] : [n[0], n[1], n[2], n[3] ?? 1];
  };
  const over = (top, below) => { const a = top[3]; return [0, 1, 2].map((i) => top[i] * a + below[i] * (1 - a)).concat(1); };
  const probe = document.createElement("span");
  probe.style.backgroundColor = "Canvas";
  document.body.append(probe);
  const canvas = parse(getComputedStyle(probe).backgroundColor);
  probe.remove();
  const behind = (e) => {
    const layers = [];
    for (let p = e; p; p = p.parentElement) layers.unshift(parse(getComputedStyle(p).backgroundColor));
    return layers.reduce((below, layer) => over(layer, below), canvas);
  };
  const opacity = (e) => { let o = 1; for (let p = e; p; p = p.parentElement) o *= Number(getComputedStyle(p).opacity); return o; };
  const luminance = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const v = c[i] / 255;
    return sum + weight * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  }, 0);
  const contrast = (front, back) => {
    const [high, low] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const check = (kind, color, e, least, text, back = behind(e)) => {
    const front = parse(color);
    front[3] *= opacity(e);
    const is = contrast(over(front, back), back);
    if (!(is >= least)) say(kind, `${is.toFixed(2)} of ${text}, ${color} on ${back.slice(0, 3).map(Math.round)}`);
  };

  // Text: 4.5 to 1, also in drawings, where it may lie over a bar.
  const bars = all("svg rect, svg circle, svg path").filter(shown);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const e = node.parentElement;
    if (!node.data.trim() || !shown(e) || /^(style|script|title|option)$/.test(e.localName)) continue;
    seen++;
    const drawn = e.closest("svg") !== null;
    const style = getComputedStyle(e);
    check("contrast", drawn ? style.fill : style.color, e, 4.5, "“" + words(node.data) + "”");
    if (!drawn) continue;
    const box = e.getBoundingClientRect();
    if (box.height < 10) say("size", `“${words(node.data)}” is ${box.height.toFixed(1)} px high`);
    for (const bar of bars) {
      const b = bar.getBoundingClientRect();
      if (b.left < box.right && b.right > box.left && b.top < box.bottom && b.bottom > box.top)
        check("contrast", style.fill, e, 4.5, "“" + words(node.data) + "” over a bar", over(parse(getComputedStyle(bar).fill), behind(bar)));
    }
  }
  if (seen === 0) say("contrast", "no text is shown");
  for (const e of all("select, button, input").filter(shown)) check("contrast", getComputedStyle(e).color, e, 4.5, name(e));
  // Marks: 3 to 1.
  for (const e of all("body *").filter(shown)) {
    for (const pseudo of ["::before", "::after"]) {
      const style = getComputedStyle(e, pseudo);
      if (style.content !== "none" && style.content !== "normal") {
        const mark = style.content === '""' ? style.backgroundColor : style.color;
        check("mark", mark, e, 3, `the mark before ${name(e)}`);
      }
    }
  }
  for (const e of bars) check("mark", getComputedStyle(e).fill, e, 3, name(e));
  for (const e of all("svg line").filter(shown)) check("mark", getComputedStyle(e).stroke, e, 3, name(e));

  // What a screen reader walks by.
  const headings = all("h1, h2, h3, h4, h5, h6");
  if (all("h1").length !== 1 || headings[0].localName !== "h1") say("headings", `${all("h1").length} h1, the first heading is ${headings.length ? name(headings[0]) : "none"}`);
  headings.forEach((h, i) => {
    if (i > 0 && Number(h.localName[1]) > Number(headings[i - 1].localName[1]) + 1) say("headings", `${name(h)} after ${name(headings[i - 1])}`);
    if (!words(h.textContent)) say("headings", `${name(h)} is empty`);
  });
  if (all("main").length !== 1) say("landmarks", `${all("main").length} main`);
  const label = (e) => {
    const ids = (e.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean);
    return words((e.getAttribute("aria-label") || "") + ids.map((id) => (document.getElementById(id) || { textContent: "" }).textContent).join(" "));
  };
  for (const e of all("nav, section")) if (!label(e)) say("landmarks", `${name(e)} has no label`);
  for (const e of all("main, header, nav", document)) if (e.parentElement.closest("main")) say("landmarks", `${name(e)} inside main`);
  for (const e of all("table")) {
    const caption = e.querySelector("caption");
    if (!caption || !words(caption.textContent)) say("tables", `${name(e)} has no caption`);
    if (!e.querySelector("thead th")) say("tables", `${name(e)} has no head`);
    const columns = e.rows.length ? e.rows[0].cells.length : 0;
    for (const row of e.rows) {
      const cells = [...row.cells].reduce((n, c) => n + c.colSpan, 0);
      if (cells !== columns) say("tables", `a row of ${cells} cells under ${columns} columns: ${name(row)}`);
      if (row.closest("tbody") && !row.querySelector("th[scope=row]") && cells === row.cells.length) say("tables", `no cell names the row ${name(row)}`);
    }
    for (const th of all("th", e)) if (!/^(col|row)$/.test(th.scope)) say("tables", `${name(th)} has no scope`);
    for (const th of all("thead th", e)) if (!words(th.textContent)) say("tables", `a column of ${words(e.textContent)} has no name`);
  }
  for (const e of all("svg")) if (e.getAttribute("aria-hidden") !== "true" && !(e.getAttribute("role") === "img" && label(e))) say("images", `${name(e)} has no text alternative`);
  for (const e of all("img")) if (!e.hasAttribute("alt")) say("images", `${name(e)} has no text alternative`);
  for (const e of all("a")) if (!words(e.textContent)) say("links", "a link without words");
  for (const e of all("select, input, button")) if (!words([...(e.labels || [])].map((l) => l.textContent).join(" ") + label(e) + (e.localName === "button" ? e.textContent : ""))) say("forms", `${name(e)} has no label`);
  const ids = all("[id]").map((e) => e.id);
  for (const id of new Set(ids)) if (ids.filter((i) => i === id).length > 1) say("ids", `${id} twice`);
  for (const e of all("[aria-labelledby]")) for (const id of e.getAttribute("aria-labelledby").split(" ")) if (!document.getElementById(id)) say("ids", `${id} is nowhere`);
  if (!root.lang) say("document", "no language");
  if (!document.title.trim()) say("document", "no title");
  for (const e of all("script, [onclick], [onerror], [onload], [style], link, iframe, object, embed")) say("document", `${name(e)} is not needed here`);
  return wrong;
}
