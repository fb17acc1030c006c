// A button and the list it opens, of which one entry is chosen (WAI-ARIA's menu button with radio items): arrows,
// Home, End and letters move, Enter and Space choose, Escape closes, and the focus comes back to the button.

import { setAttribute, setText } from "./dom.js";

/** @typedef {Readonly<{ text: string, lang: string, isChecked: boolean, choose: () => void }>} Entry */

/**
 * @param {{ button: HTMLElement, list: HTMLElement, signal: AbortSignal }} parts
 */
export function mountMenu({ button, list, signal }) {
  /** @type {ReadonlyArray<Entry>} */
  let entries = [];

  const isOpen = () => !list.hidden;
  const items = () => /** @type {HTMLElement[]} */ ([...list.children]);

  function open() {
    list.hidden = false;
    setAttribute(button, "aria-expanded", "true");
    (items().find((item) => item.ariaChecked === "true") ?? items()[0])?.focus();
  }

  function close() {
    if (!isOpen()) return;
    const hadFocus = list.contains(document.activeElement);
    list.hidden = true;
    setAttribute(button, "aria-expanded", "false");
    if (hadFocus) button.focus({ preventScroll: true });
  }

  /** Items are kept by place, so that one in focus stays there. @param {ReadonlyArray<Entry>} wanted */
  function fill(wanted) {
    entries = wanted;
    while (list.children.length > wanted.length) list.lastElementChild?.remove();
    for (const [place, { text, lang, isChecked }] of wanted.entries()) {
      const item = list.children[place] ?? list.appendChild(newItem());
      setText(item, text);
      setAttribute(item, "lang", lang || null);
      setAttribute(item, "aria-checked", String(isChecked));
    }
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const place = items().findIndex((item) => item === document.activeElement);
    const count = items().length;
    const places = new Map([["ArrowDown", (place + 1) % count], ["ArrowUp", (place - 1 + count) % count], ["Home", 0], ["End", count - 1]]);
    if (event.ctrlKey || event.altKey || event.metaKey || event.key === "Enter" || event.key === " ") return;
    if (event.key === "Tab") close(); // and on to what stands after the button
    else {
      if (event.key === "Escape") close();
      else items()[places.get(event.key) ?? startingWith(event.key, place)]?.focus();
      event.preventDefault();
    }
  }

  /** The next item whose text starts with a letter, −1 if none does. @param {string} letter @param {number} from */
  function startingWith(letter, from) {
    const found = entries.map((_, step) => (from + 1 + step) % entries.length).find((place) =>
      letter.length === 1 && entries[place]?.text.toLocaleLowerCase().startsWith(letter.toLocaleLowerCase()));
    return found ?? -1;
  }

  list.addEventListener("keydown", onKey, { signal });
  list.addEventListener("click", ({ target }) => {
    const place = items().findIndex((item) => target instanceof Node && item.contains(target));
    const entry = entries[place];
    if (!entry) return;
    close();
    entry.choose();
  }, { signal });
  list.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget instanceof Node && relatedTarget !== button && !list.contains(relatedTarget)) close();
  }, { signal });
  document.addEventListener("pointerdown", ({ target }) => {
    if (target instanceof Node && !list.contains(target) && !button.contains(target)) close();
  }, { signal });
  return { fill, close, isOpen, toggle: () => (isOpen() ? close() : open()) };
}

function newItem() {
  const item = document.createElement("button");
  item.type = "button";
  item.className = "menu__item";
  item.role = "menuitemradio";
  item.tabIndex = -1;
  return item;
}
