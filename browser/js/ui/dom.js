// The few words in which components speak to the document.

/**
 * The element the template promises.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {T}
 */
export function find(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return /** @type {T} */ (found);
}

/**
 * Writes only what differs, so that layout and screen readers are left in peace.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {string | null} value null takes the attribute away
 */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** @param {Element} element @param {boolean} pressed */
export const setPressed = (element, pressed) => setAttribute(element, "aria-pressed", String(pressed));

/**
 * A copy of what a `<template>` holds: its one element.
 * @param {ParentNode} root
 * @param {string} selector of the template
 * @returns {HTMLElement}
 */
export function copyOf(root, selector) {
  const template = /** @type {HTMLTemplateElement} */ (find(root, selector));
  const copy = template.content.firstElementChild?.cloneNode(true);
  if (!(copy instanceof HTMLElement)) throw new Error(`${selector} is empty`);
  return copy;
}
