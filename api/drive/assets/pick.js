// A small map on which somebody says where a station is: a click puts the pin there, and so does Enter at the map's middle.
// The fields beside it say the same in figures and move the pin, so nobody needs the map.
//
// `window.raychargePick(latitude, longitude)` moves the pin; what is picked is told as NiceGUI's event `picked`.

const WIDE = 2, NEAR = 15;

async function open(element) {
  const { leaflet: L } = await import(element.dataset.leaflet);
  const { Graticule } = await import(element.dataset.ground);
  const tiles = element.dataset.tiles;
  const map = L.map(element, { attributionControl: Boolean(tiles), minZoom: WIDE, maxZoom: 19, worldCopyJump: true });
  L.control.scale({ imperial: false }).addTo(map);
  map.setView([20, 0], WIDE);
  if (tiles) L.tileLayer(tiles, { attribution: element.dataset.attribution || "", maxZoom: 19 }).addTo(map);
  else new Graticule(L).addTo(map);
  const sign = document.createElement("div");
  sign.className = "pin pin-place";
  const pin = L.marker([0, 0], { icon: L.divIcon({ html: sign, className: "", iconSize: [22, 22] }), draggable: true, keyboard: false });

  const put = (latitude, longitude) => {
    pin.setLatLng([latitude, longitude]).addTo(map);
    element.dataset.at = `${latitude},${longitude}`;
  };
  const tell = (at) => {
    const [latitude, longitude] = [at.lat, ((at.lng + 180) % 360 + 360) % 360 - 180].map((each) => Number(each.toFixed(6)));
    put(latitude, longitude);
    emitEvent("picked", { latitude, longitude });
  };
  map.on("click", (event) => tell(event.latlng));
  pin.on("dragend", () => tell(pin.getLatLng()));
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== element) return;
    event.preventDefault();
    tell(map.getCenter());
  });
  window.raychargePick = (latitude, longitude) => {
    put(latitude, longitude);
    if (!map.getBounds().contains([latitude, longitude]) || map.getZoom() < 8) map.setView([latitude, longitude], Math.max(map.getZoom(), NEAR));
  };
  if (element.dataset.latitude) window.raychargePick(Number(element.dataset.latitude), Number(element.dataset.longitude));
  element.dataset.ready = "";
}

// The element comes after this script.
const there = () => document.querySelector("[data-pick]:not([data-ready])");
const watching = new MutationObserver(() => { if (there()) { watching.disconnect(); open(there()); } });
if (there()) open(there());
else watching.observe(document.body, { childList: true, subtree: true });
