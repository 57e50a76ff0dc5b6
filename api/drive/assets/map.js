// The map of stations, for drivers and for operators: Leaflet with signs that the server has put together for this zoom.
// Without tiles the ground is plain, with a graticule. Whoever cannot see or point uses the list, which says the same.
//
// Everything comes from the element's data: `source` (signs), `list` (the part of the page that says the same, drivers
// only), `station` (where a sign leads), `follow` (the id of the list), `every` (seconds between looks), `words`.

const COLOURS_LEAD_TO = { good: "✓", busy: "●", wait: "◷", warn: "!", bad: "✕", off: "?" };

export class Graticule {
  // Lines of latitude and longitude, as many as the eye needs to see where it is and how far.
  constructor(L) {
    this.L = L;
    this.steps = [45, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
  }

  addTo(map) {
    this.map = map;
    this.lines = this.L.layerGroup([], { pane: "tilePane" }).addTo(map);
    map.on("moveend", () => this.draw());
    this.draw();
    return this;
  }

  draw() {
    const bounds = this.map.getBounds();
    const [west, east] = [bounds.getWest(), bounds.getEast()];
    const [south, north] = [Math.max(-85, bounds.getSouth()), Math.min(85, bounds.getNorth())];
    const step = [...this.steps].reverse().find((each) => (east - west) / each <= 7) || 45;
    this.lines.clearLayers();
    const line = (from, to) => this.lines.addLayer(
      this.L.polyline([from, to], { className: "graticule", interactive: false, pane: "tilePane" }));
    for (let x = Math.ceil(west / step) * step; x <= east; x += step) line([south, x], [north, x]);
    for (let y = Math.ceil(south / step) * step; y <= north; y += step) line([y, west], [y, east]);
  }
}

export async function open(element) {
  const { leaflet: L } = await import(element.dataset.leaflet);
  const words = JSON.parse(element.dataset.words || "{}");
  const map = L.map(element, { zoomControl: true, attributionControl: Boolean(element.dataset.tiles), minZoom: 2, maxZoom: 19, worldCopyJump: true, keyboard: false });
  L.control.scale({ imperial: false }).addTo(map);
  map.setView([20, 0], 2);
  if (element.dataset.tiles) {
    L.tileLayer(element.dataset.tiles, { attribution: element.dataset.attribution || "", maxZoom: 19 }).addTo(map);
  } else {
    new Graticule(L).addTo(map);
  }
  const signs = new Map();
  const layer = L.layerGroup().addTo(map);
  let asked = 0, shown = 0, filters = new URLSearchParams();

  const box = () => {
    const bounds = map.getBounds().pad(0.05);
    const whole = bounds.getEast() - bounds.getWest() >= 360;
    const turn = (x) => (whole ? x : ((x + 180) % 360 + 360) % 360 - 180);
    return {
      south: Math.max(-90, bounds.getSouth()).toFixed(5), north: Math.min(90, bounds.getNorth()).toFixed(5),
      west: whole ? -180 : turn(bounds.getWest()).toFixed(5), east: whole ? 180 : turn(bounds.getEast()).toFixed(5),
    };
  };
  const query = (more) => {
    const made = new URLSearchParams(more);
    for (const [name, value] of filters) if (value && value !== "0") made.append(name, value);
    return made;
  };

  async function look() {
    const number = ++asked;
    const answer = await fetch(`${element.dataset.source}?${query({ ...box(), zoom: Math.round(map.getZoom()) })}`, { cache: "no-store" }).catch(() => null);
    if (!answer?.ok || number < shown) return;
    shown = number;
    draw((await answer.json()).items);
  }

  function draw(items) {
    const now = new Set();
    for (const each of items) {
      const single = each.stations === 1;
      const key = `${each.latitude},${each.longitude},${each.stations},${each.tone},${each.free}`;
      now.add(key);
      if (signs.has(key)) continue;
      const size = single ? 34 : Math.min(58, 34 + 5 * Math.log2(each.stations));
      const sign = document.createElement("div");
      sign.className = `pin pin-${each.tone}`;
      sign.style.width = sign.style.height = `${size}px`;
      sign.textContent = single ? (each.tone === "good" ? each.free : COLOURS_LEAD_TO[each.tone]) : each.stations;
      const names = each.first.map((station) => station.name).join(", ");
      sign.title = `${single ? names : (words.stations || "{n}").replace("{n}", each.stations)} · ${words[each.tone] || ""} · ${(words.free || "{n}").replace("{n}", each.free)}`;
      const icon = L.divIcon({ html: sign, className: "", iconSize: [size, size] });
      const marker = L.marker([each.latitude, each.longitude], { icon, keyboard: false, riseOnHover: true });
      marker.on("click", () => {
        if (single) element.dispatchEvent(new CustomEvent("map:station", { bubbles: true, cancelable: true, detail: each.first[0] }))
          && location.assign(element.dataset.station + encodeURIComponent(each.first[0].id));
        else map.setView(marker.getLatLng(), Math.min(19, map.getZoom() + 2));
      });
      signs.set(key, marker.addTo(layer));
    }
    for (const [key, marker] of signs) if (!now.has(key)) { layer.removeLayer(marker); signs.delete(key); }
    element.dataset.signs = signs.size;
  }

  // The list beside it shows what the map shows.
  const list = element.dataset.follow && document.getElementById(element.dataset.follow);
  let moved = false;
  async function tell() {
    if (!list || !moved) return;
    const answer = await fetch(`${element.dataset.list}?${query(box())}`, { cache: "no-store" }).catch(() => null);
    if (answer?.ok) list.innerHTML = await answer.text();
  }

  function fit() {
    const places = [...(list?.querySelectorAll("[data-lat]") || [])].map((each) => [Number(each.dataset.lat), Number(each.dataset.lon)]);
    if (element.dataset.lat) {
      const here = [Number(element.dataset.lat), Number(element.dataset.lon)];
      const me = document.createElement("div");
      me.className = "pin pin-me";
      me.style.width = me.style.height = "18px";
      me.title = words.me || "";
      L.marker(here, { icon: L.divIcon({ html: me, className: "", iconSize: [18, 18] }), keyboard: false, interactive: false }).addTo(map);
      places.splice(5);
      places.push(here);
    }
    if (places.length) map.fitBounds(L.latLngBounds(places).pad(0.2), { maxZoom: 14, animate: false });
  }

  // All that there is, where no list has said where to look.
  async function around() {
    const answer = await fetch(`${element.dataset.source}?south=-90&west=-180&north=90&east=180&zoom=6`, { cache: "no-store" }).catch(() => null);
    const items = answer?.ok ? (await answer.json()).items : [];
    if (items.length) map.fitBounds(L.latLngBounds(items.map((each) => [each.latitude, each.longitude])).pad(0.15), { maxZoom: 14, animate: false });
    moved = true;
    tell();
  }

  const form = document.querySelector(".find");
  form?.addEventListener("change", () => form.dispatchEvent(new CustomEvent("find:changed", { bubbles: true })));
  const read = () => {
    filters = form ? new URLSearchParams([...new FormData(form)].filter(([name]) => name !== "q")) : filters;
    if (filters.get("free") === "1") filters.set("free", "true");
  };
  read();
  fit();
  if ("world" in element.dataset) await around();
  let waits;
  const soon = () => { clearTimeout(waits); waits = setTimeout(() => { look(); tell(); }, 150); };
  map.on("moveend", () => { moved = true; soon(); });
  document.addEventListener("find:changed", () => { moved = true; read(); soon(); });
  setInterval(() => document.visibilityState === "visible" && soon(), 1000 * Number(element.dataset.every || 10));
  await look();
  element.dispatchEvent(new CustomEvent("map:ready", { bubbles: true }));
  return {
    filter(wanted) { filters = new URLSearchParams(wanted); look(); },
    renew: soon,
    to(latitude, longitude, zoom) { map.setView([latitude, longitude], zoom); },
  };
}

// In the dashboard the element comes after this script.
function whenThere(act) {
  const there = () => document.querySelector("#map[data-leaflet]");
  if (there()) { act(there()); return; }
  const watching = new MutationObserver(() => { if (there()) { watching.disconnect(); act(there()); } });
  watching.observe(document.body, { childList: true, subtree: true });
}
whenThere(open);
