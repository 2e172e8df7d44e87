// What only the browser can do for the page: its theme, the address, the clipboard, files.
(() => {
  const root = document.documentElement;
  const saved = () => { try { return localStorage.getItem("sim-theme"); } catch { return null; } };
  const usual = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const set = (theme) => { root.dataset.theme = theme; };
  set(saved() || usual());
  window.simPage = {
    theme: () => root.dataset.theme,
    otherTheme: () => {
      set(root.dataset.theme === "dark" ? "light" : "dark");
      try { localStorage.setItem("sim-theme", root.dataset.theme); } catch { /* kept for this view */ }
      return root.dataset.theme;
    },
    address: (query) => history.replaceState(null, "", "/?" + query),
    copy: (text) => navigator.clipboard.writeText(text),
    read: async (input, most) => {
      const file = input.files[0];
      if (!file) return { text: "", error: "" };
      if (file.size > most) return { text: "", error: `${file.size.toLocaleString("en")} bytes` };
      return { text: await file.text(), error: "" };
    },
    picture: (chart, name) => {
      const link = document.createElement("a");
      link.href = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor:
        getComputedStyle(root).getPropertyValue("--panel").trim() });
      link.download = name;
      link.click();
    },
  };
})();
