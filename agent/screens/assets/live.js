// Live figures: the server sends what has changed as {key: text}; nothing else on the page moves.
"use strict";
(() => {
  const from = document.body.dataset.liveFrom;
  if (!from) return;
  const all = (selector) => document.querySelectorAll(selector);
  const put = (element, text) => {
    if (element.tagName === "PROGRESS" || element.tagName === "METER") element.value = Number(text);
    else if (element.textContent !== text) element.textContent = text;
  };
  const draw = (svg, value) => {
    const length = Number(svg.dataset.length);
    const values = (svg.dataset.values + " " + value).trim().split(/\s+/).slice(-length);
    svg.dataset.values = values.join(" ");
    const numbers = values.map((one) => (one === "-" ? NaN : Number(one)));
    const most = Math.max(Number(svg.dataset.scale), ...numbers.filter(Number.isFinite), 1e-9);
    const first = length - values.length;
    const points = numbers.map((one, place) => [first + place, 100 - (one / most) * 100]);
    const line = points.filter((point) => Number.isFinite(point[1])).map((point) => point[0] + "," + point[1].toFixed(1));
    svg.firstElementChild.setAttribute("points", line.join(" "));
  };
  const show = (changes) => {
    for (const [key, text] of Object.entries(changes)) {
      if (key === "reload") return location.reload();
      for (const element of all(`[data-live="${key}"]`)) put(element, text);
      for (const element of all(`[data-live-state="${key}"]`)) element.dataset.state = text;
      for (const element of all(`[data-live-hidden="${key}"]`)) element.hidden = text === "";
      for (const group of all(`[data-live-choice="${key}"]`))
        for (const button of group.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === text));
      for (const svg of all(`[data-line="${key}"]`)) draw(svg, text);
    }
  };
  let wait = 1000;
  const listen = () => {
    const stream = new EventSource(from);
    stream.onopen = () => { wait = 1000; document.body.dataset.connected = "yes"; };
    stream.onmessage = (event) => show(JSON.parse(event.data));
    stream.onerror = () => {
      document.body.dataset.connected = "no";
      stream.close();
      setTimeout(listen, wait);
      wait = Math.min(wait * 2, 30000);
    };
  };
  listen();
})();
