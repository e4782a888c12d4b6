// What the kernel cannot know or do: the reader's clock, and opening an incident without loading the page again.
(() => {
  "use strict";
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  const isUtc = ["UTC", "Etc/UTC", "GMT"].includes(Intl.DateTimeFormat().resolvedOptions().timeZone);

  function localise(root) {
    if (isUtc) return;
    for (const time of root.querySelectorAll("time[datetime]:not([data-fm-local])")) {
      time.dataset.fmLocal = "";
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime()) || time.nextElementSibling?.classList.contains("fm-local")) continue;
      const local = document.createElement("span");
      local.className = "fm-local";
      local.textContent = ` (${clock.format(at)})`;
      time.after(local);
    }
  }

  function choose(link) {
    const list = document.querySelector(".fm-choose-case select");
    if (!list) return false;
    const index = [...list.options].findIndex((o) => o.textContent.split(/[\s\u00a0]/)[0] === link.dataset.case);
    if (index < 0) return false;
    list.selectedIndex = index;
    list.dispatchEvent(new Event("change", { bubbles: true }));
    history.replaceState(null, "", link.getAttribute("href"));
    document.querySelector(".fm-choose-case").scrollIntoView({ block: "start" });
    list.focus({ preventScroll: true });
    return true;
  }

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target.closest?.("a[data-case]");
    if (link && choose(link)) event.preventDefault();
  });
  new MutationObserver(() => localise(document)).observe(document.documentElement, { childList: true, subtree: true });
})();
