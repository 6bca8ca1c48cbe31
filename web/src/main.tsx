import { render } from "preact";
import { App } from "./ui/app";
import { startLanguage } from "./ui/language";
import "./ui/styles/index.css";

const root = document.getElementById("app");
void startLanguage().then(() => {
  if (root !== null) render(<App />, root);
});
