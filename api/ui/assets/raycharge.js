"use strict";
// What the pages need in the browser beside NiceGUI: keyboard short cuts, and a theme that the server can ask for.
window.raycharge = {
  remember(name, value) {
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
  },
  theme(value) {
    this.remember("raycharge_theme", value);
    Quasar.Dark.set(value === "auto" ? "auto" : value === "dark");
  },
  // Before the scripts are there that know of it: no flash of white in the dark.
  early(theme) {
    const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.body.classList.add(dark ? "body--dark" : "body--light");
  },
  copy(text) {
    return navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject(new Error("no clipboard"));
  },
};
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector("input.rc-search, .rc-search input");
    if (search) { event.preventDefault(); search.focus(); }
  }
});
// The table of all charge points: rows come once, as arrays; changes are merged into them, many at a time.
raycharge.fleet = {
  api: null,
  coming: null,
  wanted: {},
  order: ["Faulted", "Offline", "Reconnecting", "Unavailable", "SuspendedEVSE", "SuspendedEV", "Finishing", "Preparing", "Reserved", "Charging", "Available"],
  // Begun with the page itself, so that the rows come while the table's own scripts are loaded.
  ahead(url) {
    this.coming = fetch(url, {headers: {Accept: "application/json"}});
  },
  async load(api, url) {
    this.api = api;
    const began = performance.now();
    if (!this.coming) this.ahead(url);
    const answer = await this.coming;
    this.coming = null;
    if (!answer.ok) { this.shown(); emitEvent("fleet_failed", answer.status); return; }
    const told = await answer.json();
    const rows = told.rows.map((row) => Object.fromEntries(told.columns.map((name, n) => [name, row[n]])));
    api.addEventListener("firstDataRendered", () => this.shown());
    api.setGridOption("rowData", rows);
    if (!rows.length) this.shown();
    const distinct = (name) => [...new Set(rows.map((row) => row[name]).filter(Boolean))].sort();
    const stations = Object.fromEntries(rows.map((row) => [row.station, row.station_name || row.station]));
    emitEvent("fleet_loaded", {
      count: rows.length, complete: told.complete, ms: Math.round(performance.now() - began),
      stations, models: distinct("model"), firmwares: distinct("firmware"),
    });
    document.documentElement.dataset.fleet = rows.length;
  },
  // The rows that came with the page give way to the table's own.
  shown() { document.querySelector(".rc-ahead")?.remove(); },
  update(changes) {
    if (!this.api) return;
    const update = [];
    for (const [id, link, states, power_w, last_seen] of changes) {
      const node = this.api.getRowNode(id);
      if (node) update.push({...node.data, link, states, power_w, last_seen});
    }
    if (update.length) this.api.applyTransactionAsync({update});
  },
  filter(wanted) {
    this.wanted = wanted;
    if (!this.api) return;
    this.api.setGridOption("quickFilterText", wanted.q || "");
    this.api.onFilterChanged();
  },
  isFiltered() {
    const wanted = raycharge.fleet.wanted;
    return Boolean(wanted.state || wanted.station || wanted.model || wanted.firmware);
  },
  passes(node) {
    const wanted = raycharge.fleet.wanted, row = node.data;
    return (!wanted.state || (row.states.length ? row.states.includes(wanted.state) : wanted.state === "Unknown"))
      && (!wanted.station || row.station === wanted.station)
      && (!wanted.model || row.model === wanted.model)
      && (!wanted.firmware || row.firmware === wanted.firmware);
  },
  worst(states) {
    const ranks = states.map((state) => raycharge.fleet.order.indexOf(state));
    return ranks.length ? Math.min(...ranks) : raycharge.fleet.order.length;
  },
  chips(params) {
    const box = document.createElement("span"), counts = new Map();
    box.className = "rc-row rc-tight rc-chips";
    for (const state of params.value.length ? params.value : ["Unknown"]) counts.set(state, (counts.get(state) || 0) + 1);
    for (const [state, count] of counts) {
      const look = params.context.looks[state] || {word: state, icon: "help_outline", tone: "off"};
      const chip = document.createElement("span"), icon = document.createElement("i"), word = document.createElement("span");
      chip.className = `rc-chip rc-${look.tone}`;
      icon.className = "q-icon material-icons";
      icon.setAttribute("aria-hidden", "true");
      icon.textContent = look.icon;
      word.textContent = count > 1 ? `${count} × ${look.word}` : look.word;
      chip.append(icon, word);
      box.append(chip);
    }
    return box;
  },
  link(params) {
    const link = document.createElement("a");
    link.href = `/charge-points/${encodeURIComponent(params.data.id)}`;
    link.textContent = params.value;
    return link;
  },
  opened(params) {
    if (params.event.key === "Enter") location.href = `/charge-points/${encodeURIComponent(params.data.id)}`;
  },
  kilowatts(params) {
    return params.value ? new Intl.NumberFormat(document.documentElement.lang, {maximumFractionDigits: 1, minimumFractionDigits: 1}).format(params.value / 1000) : "";
  },
  ago(params) {
    if (!params.value) return "";
    const seconds = Math.max(0, Math.round((Date.now() - params.value) / 1000));
    const form = new Intl.RelativeTimeFormat(document.documentElement.lang, {numeric: "auto", style: "short"});
    if (seconds < 90) return form.format(-seconds, "second");
    if (seconds < 5400) return form.format(-Math.round(seconds / 60), "minute");
    return seconds < 129600 ? form.format(-Math.round(seconds / 3600), "hour") : form.format(-Math.round(seconds / 86400), "day");
  },
};
