// SPDX-FileCopyrightText: Copyright (c) 2026 The dynamo-container authors
// SPDX-License-Identifier: Apache-2.0
//
// What the theme lacks for those who use a keyboard or a screen reader.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
  const prepare = () => {
    document.querySelectorAll("pre > code, .md-typeset__scrollwrap").forEach((box) => {
      box.tabIndex = 0;
    });
    document.querySelectorAll("nav.md-code__nav").forEach((nav, number) => {
      nav.setAttribute("aria-label", `Actions of code block ${number + 1}`);
    });
  };
  prepare();
  // The theme adds its buttons later.
  new MutationObserver(prepare).observe(document.body, { childList: true, subtree: true });
});
