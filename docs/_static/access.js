/* For keyboards and screen readers: what the theme leaves out. */

addEventListener("load", () => {
  for (const box of document.querySelectorAll("pre, p, .table-wrapper, .math"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  for (const head of document.querySelectorAll("th")) if (!head.textContent.trim()) head.outerHTML = "<td></td>";
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.ariaLevel = 2;
  for (const [side, name] of [["sidebar", "Pages"], ["toc", "On this page"]])
    for (const drawer of document.querySelectorAll(`.${side}-drawer`)) drawer.ariaLabel = name;
  const first = document.querySelector("h1, h2");
  if (first?.tagName === "H2") first.ariaLevel = 1;
});
