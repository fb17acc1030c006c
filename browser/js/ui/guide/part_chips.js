// Short cuts to the parts of the day.

import { find, setText } from "../dom.js";
import { scope } from "../scope.js";

/** @import { Day } from "./day.js" */

/**
 * @param {HTMLElement} root
 * @param {{ signal: AbortSignal, day: Day }} parts
 */
export function mountParts(root, { signal: parent, day }) {
  const { signal, close } = scope(parent);
  const chips = find(root, "[data-parts]");
  chips.addEventListener("click", ({ target }) => {
    const chip = target instanceof Element ? target.closest("button") : null;
    const place = chip ? [...chips.children].indexOf(chip) : -1;
    const section = day.parts()[place]?.section;
    if (!section) return;
    section.scrollIntoView({ block: "start" });
    /** @type {HTMLElement | null} */ (section.querySelector("[data-slot]"))?.focus({ preventScroll: true });
  }, { signal });

  return {
    close,
    /** One for each part, if there are several. */
    render() {
      const names = day.parts().map(({ name }) => name);
      chips.hidden = names.length < 2;
      while (chips.children.length > names.length) chips.lastElementChild?.remove();
      for (const [place, name] of names.entries()) {
        const chip = chips.children[place] ?? chips.appendChild(newChip());
        setText(chip, name);
      }
    },
  };
}

function newChip() {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.className = "chip";
  return chip;
}
