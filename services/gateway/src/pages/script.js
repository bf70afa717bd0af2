// What a page needs to be live: its buttons and forms speak to the API, and its <main> is fetched again when
// something happens. Without this script every page can still be read.
"use strict";

const problem = (text) => {
  const place = document.getElementById("problem");
  place.textContent = text;
  place.hidden = !text;
  if (text) place.scrollIntoView({ block: "nearest" });
};

// "field = a, b" on each line is the member "field" with the list of "a" and "b".
const pairs = (text) => {
  const all = {};
  for (const line of text.split("\n")) {
    const [name, ...rest] = line.split("=");
    if (name.trim()) all[name.trim()] = rest.join("=").split(",").map((one) => one.trim()).filter(Boolean);
  }
  return all;
};

const value = (field) => {
  const text = field.value.trim();
  switch (field.dataset.as) {
    case "list": return text.split(/[\s,]+/).filter(Boolean);
    case "pairs": return pairs(text);
    case "number": return text === "" ? undefined : Number(text);
    case "flag": return field.checked;
    case "instant": return text === "" ? undefined : new Date(text).toISOString();
    default: return text === "" ? undefined : text;
  }
};

// A field named "params.urls" is the member "urls" of the member "params".
const body = (form) => {
  const all = {};
  for (const field of form.elements) {
    if (!field.name || (field.type === "checkbox" && field.dataset.as !== "flag" && !field.checked)) continue;
    const path = field.name.split(".");
    const last = path.pop();
    let at = all;
    for (const part of path) at = at[part] ??= {};
    if (field.type === "checkbox" && field.dataset.as !== "flag") (at[last] ??= []).push(field.value);
    else at[last] = value(field);
  }
  return JSON.stringify(all);
};

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.api) return;
  event.preventDefault();
  if (form.dataset.sure && !confirm(form.dataset.sure)) return;
  problem("");
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const [method, path] = form.dataset.api.split(" ");
    const answer = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: body(form) });
    const text = await answer.text();
    const told = text ? JSON.parse(text) : {};
    if (!answer.ok) {
      problem((told.at ? told.at + ": " : "") + (told.detail ?? answer.statusText));
      return;
    }
    if (told.secret) {
      const place = document.getElementById("secret");
      place.querySelector("code").textContent = told.secret;
      place.hidden = false;
    }
    if (form.dataset.then) location.href = form.dataset.then.replace("{id}", told.id);
    else await refresh(true);
  } catch (error) {
    problem("The gateway does not answer: " + error.message);
  } finally {
    button.disabled = false;
  }
});

let waiting = null;
const refresh = async (now) => {
  if (!now && waiting) return;
  const load = async () => {
    waiting = null;
    // Whoever is typing is not interrupted.
    if (!now && document.activeElement?.closest("form[data-api]")?.querySelector("input,textarea,select")) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
    }
  };
  if (now) return load();
  waiting = setTimeout(load, 500);
};

if (document.querySelector("[data-live]")) {
  const events = new EventSource("/api/v1/events");
  const kinds = ["progress.reported.v1", "revision.analyzed.v1", "snapshot.ready.v1", "snapshot.audited.v1",
    "snapshot.committed.v1", "repair.done.v1", "task.delayed.v1", "task.ended.v1", "missed"];
  for (const kind of kinds) events.addEventListener(kind, () => refresh(false));
  const state = document.getElementById("state");
  events.onopen = () => { state.textContent = "live"; };
  events.onerror = () => { state.textContent = "not live: trying again"; };
}

// Of "Sign in" and "Sign out" the one that can be done.
const caller = async () => {
  const answer = await fetch("/api/v1/caller").catch(() => null);
  if (!answer) return;
  const signedIn = answer.ok && (await answer.json()).key !== null;
  document.getElementById("sign-in").hidden = signedIn;
  document.getElementById("sign-out").hidden = !signedIn;
};
caller();
