"use strict";

// Controls that HTML lacks: tabs, a splitter, a button that copies.

/** Mark a tab as selected or not. Of several tabs, the Tab key reaches the selected one. */
function selectTab(tab, selected) {
  tab.ariaSelected = String(selected);
  tab.tabIndex = selected ? 0 : -1;
}

/** Call `choose` with the tab that is clicked, or reached by the arrows (the ARIA tabs pattern). */
function listenToTabs(tabs, choose) {
  for (const tab of tabs) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const able = tabs.filter((each) => !each.disabled && !each.hidden);
      const next = able[(able.indexOf(tab) + step + able.length) % able.length];
      next.focus();
      choose(next);
      event.stopPropagation();
    });
  }
}

const LEAST_WIDTH = 280; // pixels on either side of a splitter
const WIDTH_STEP = 40; // pixels for each press of an arrow

/** Let the user drag a splitter, or move it by the arrows; --detail of `split` is the width. */
function listenToSplitter(splitter, split) {
  const setWidth = (pixels) => {
    const most = Math.max(LEAST_WIDTH, split.clientWidth - LEAST_WIDTH);
    const width = Math.min(Math.max(LEAST_WIDTH, pixels), most);
    split.style.setProperty("--detail", `${width}px`);
    splitter.ariaValueNow = Math.round((1 - width / split.clientWidth) * 100);
  };
  splitter.addEventListener("pointerdown", (event) => {
    splitter.setPointerCapture(event.pointerId);
    event.preventDefault(); // else the drag selects text
  });
  splitter.addEventListener("pointermove", (event) => {
    if (!splitter.hasPointerCapture(event.pointerId)) return;
    setWidth(split.getBoundingClientRect().right - event.clientX);
  });
  splitter.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: WIDTH_STEP, ArrowRight: -WIDTH_STEP }[event.key];
    if (!step) return;
    setWidth(split.lastElementChild.offsetWidth + step);
    event.preventDefault();
    event.stopPropagation();
  });
}

/** Return a button that copies a text. */
function copyButton(label, text) {
  const button = make("button", "quiet copy", "Copy");
  button.type = "button";
  button.ariaLabel = label;
  button.addEventListener("click", () => copy(button, text()));
  // Browsers give the clipboard only to files, to https, and to this machine.
  button.hidden = !navigator.clipboard;
  return button;
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch (error) {
    button.textContent = "Not copied";
    button.title = error.message;
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}
