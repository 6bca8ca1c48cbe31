// Applies a theme chosen earlier. src/ui/theme.ts writes the same key.
try {
  const chosen = localStorage.getItem("weir-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be refused; the system's preference then decides.
}
