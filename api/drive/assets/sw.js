// Keeps the page for when there is no network, and shows what is pushed. Pages themselves are never kept: what they show
// has to be so.

const NAME = "drive-1";
const KEPT_ADDRESSES = "KEPT";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((kept) => kept.addAll(KEPT_ADDRESSES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const wanted = new Set(KEPT_ADDRESSES.map((each) => new URL(each, self.location).href));
  const tidy = async () => {
    const kept = await caches.open(NAME);
    for (const each of await kept.keys()) if (!wanted.has(each.url)) await kept.delete(each);
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/drive/offline")));
  } else if (new URL(request.url).pathname.startsWith("/drive/assets/")) {
    event.respondWith(caches.match(request).then((kept) => kept || fetch(request)));
  }
});

self.addEventListener("push", (event) => {
  let told = {};
  try { told = event.data.json(); } catch { told = { title: "Raycharge", body: event.data ? event.data.text() : "" }; }
  const shown = { body: told.body, tag: told.kind, lang: told.lang, icon: KEPT_ADDRESSES[2], data: { url: told.url } };
  event.waitUntil(self.registration.showNotification(told.title || "Raycharge", shown));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const wanted = new URL(event.notification.data?.url || "/drive", self.location.origin);
  // What is pushed may lead into the app, and nowhere else.
  const url = wanted.origin === self.location.origin && wanted.pathname.startsWith("/drive") ? wanted.href : "/drive";
  event.waitUntil(self.clients.matchAll({ type: "window" }).then(async (open) => {
    const there = open.find((each) => each.url === url);
    await (there ? there.focus() : self.clients.openWindow(url));
  }));
});
