// What the pages of /drive do beyond plain HTML: parts that stay current, countdowns, one tap for one start, the place
// where somebody is, and notifications. Without it every page still works by reload.

const body = document.body;
const offline = document.querySelector(".offline");

function connection(there) {
  offline.hidden = there;
  offline.textContent = there ? "" : body.dataset.offline;
}

// --- parts that stay current ----------------------------------------------------------------------------------------

const PATIENCE_S = 20;
const AGAIN_MS = [500, 1000, 2000, 5000, 10000];

const pause = (ms) => new Promise((go) => setTimeout(go, ms));
const seen = () => document.visibilityState === "visible"
  ? Promise.resolve()
  : new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));

async function keepCurrent(part) {
  let tag = part.dataset.tag || "", failures = 0;
  for (;;) {
    // A phone in a pocket asks for nothing; what it missed comes with the first look.
    while (document.visibilityState !== "visible") await seen();
    const asked = part.dataset.live;
    const giveUp = new AbortController();
    const hidden = () => document.visibilityState === "hidden" && giveUp.abort();
    document.addEventListener("visibilitychange", hidden);
    part.addEventListener("live:again", () => giveUp.abort(), { once: true });
    const late = setTimeout(() => giveUp.abort(), (PATIENCE_S + 15) * 1000);
    try {
      const answer = await fetch(asked, {
        headers: { "If-None-Match": `"${tag}"`, Prefer: `wait=${failures ? 0 : PATIENCE_S}` },
        signal: giveUp.signal, cache: "no-store", redirect: "error",
      });
      if (answer.status === 401 || answer.status === 404) { location.reload(); return; }
      if (answer.status >= 500) throw new Error(`${answer.status}`);
      connection(true);
      failures = 0;
      if (answer.status === 200 && asked === part.dataset.live) {
        show(part, await answer.text());
        tag = (answer.headers.get("ETag") || "").replaceAll('"', "");
      } else if (answer.status === 429) {
        await pause(10000);
      }
    } catch (trouble) {
      if (document.visibilityState === "visible" && asked === part.dataset.live) {
        if (++failures > 1) connection(false);
        await pause(AGAIN_MS[Math.min(failures, AGAIN_MS.length) - 1]);
      }
    } finally {
      clearTimeout(late);
      document.removeEventListener("visibilitychange", hidden);
    }
  }
}

// Only what differs is touched: a button keeps the focus, an open question stays open.
function show(part, text) {
  const made = document.createElement("template");
  made.innerHTML = text;
  merge(part, made.content);
  tick();
  part.dispatchEvent(new CustomEvent("live:shown", { bubbles: true }));
}

function merge(old, made) {
  const wanted = [...made.childNodes];
  wanted.forEach((next, at) => {
    const now = old.childNodes[at];
    if (!now) old.append(next);
    else if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName) now.replaceWith(next);
    else if (now.nodeType !== Node.ELEMENT_NODE) { if (now.data !== next.data) now.data = next.data; }
    else {
      for (const { name } of [...now.attributes]) {
        if (!next.hasAttribute(name) && !(name === "open" || name === "aria-disabled")) now.removeAttribute(name);
      }
      for (const { name, value } of [...next.attributes]) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
      merge(now, next);
    }
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

document.querySelectorAll("[data-live]").forEach(keepCurrent);
window.addEventListener("online", () => connection(true));
window.addEventListener("offline", () => connection(false));
connection(navigator.onLine);

// --- countdowns -----------------------------------------------------------------------------------------------------

function tick() {
  const now = Date.now();
  document.querySelectorAll("time[data-until]").forEach((each) => {
    const left = Math.max(0, Math.floor((Date.parse(each.dataset.until) - now) / 1000));
    const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (each.textContent !== text) each.textContent = text;
  });
  document.querySelectorAll("[data-before]").forEach((each) => { each.hidden = Date.parse(each.dataset.before) <= now; });
  document.querySelectorAll("[data-after]").forEach((each) => { each.hidden = Date.parse(each.dataset.after) > now; });
}
setInterval(() => document.visibilityState === "visible" && tick(), 1000);
tick();

// --- one tap is one start -------------------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.matches("[data-once]")) return;
  if (button.getAttribute("aria-disabled") === "true") { event.preventDefault(); return; }
  button.setAttribute("aria-disabled", "true");
});
// The way back in the browser shows a page as it was left: its buttons are to work again, with what is so now.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

// --- where somebody is ----------------------------------------------------------------------------------------------

document.querySelector("[data-near]")?.addEventListener("click", (event) => {
  const button = event.currentTarget;
  const refused = document.querySelector("[data-near-refused]");
  const sorry = () => { refused.textContent = button.dataset.refused; refused.hidden = false; };
  if (!navigator.geolocation) { sorry(); return; }
  navigator.geolocation.getCurrentPosition(({ coords }) => {
    const query = new URLSearchParams(new FormData(button.form));
    query.delete("q");
    query.set("lat", coords.latitude.toFixed(5));
    query.set("lon", coords.longitude.toFixed(5));
    location.assign(`/drive?${query}`);
  }, sorry, { maximumAge: 60000, timeout: 10000 });
});
// --- without a network, and notifications ---------------------------------------------------------------------------

if ("serviceWorker" in navigator) navigator.serviceWorker.register("/drive/sw.js", { scope: "/drive" }).catch(() => {});

const push = document.querySelector("[data-push]");
if (push) {
  const tell = (name) => { push.querySelector("[data-push-told]").textContent = push.dataset[name]; };
  const able = "serviceWorker" in navigator && "PushManager" in window;
  if (!able) tell("unable");
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const send = (path, told) => fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(told),
  }).then((answer) => { if (!answer.ok) throw new Error(`${answer.status}`); });
  push.querySelector("[data-push-on]")?.addEventListener("click", async () => {
    try {
      if (await Notification.requestPermission() !== "granted") { tell("refused"); return; }
      const worker = await navigator.serviceWorker.ready;
      const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(push.dataset.key) });
      await send("/drive/push", made.toJSON());
      tell("on");
    } catch (trouble) { tell("failed"); }
  });
}
