// Two real browsers behind one small interface: a tab that can be told where to go and asked what it sees.

import { chromium } from "playwright-core";
import puppeteer from "puppeteer-core";
import { artefact } from "./place.js";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
const SIZE = { width: 1280, height: 800 };

/**
 * Chromium with a fake camera and microphone, at the far end of `line` if there is one. A page of `trusted` may use them though it came
 * without TLS. `camera` and `microphone` are files that they see and hear over and over: MJPEG, and WAV.
 */
export async function openChromium({ line, trusted, camera, microphone } = {}) {
  const browser = await chromium.launch({
    executablePath: line?.executable(CHROMIUM) ?? CHROMIUM,
    headless: true,
    args: [
      // Root has no sandbox; CI is root.
      "--no-sandbox",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      "--autoplay-policy=no-user-gesture-required",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      "--disable-quic",
      ...(camera === undefined ? [] : [`--use-file-for-fake-video-capture=${camera}`]),
      ...(microphone === undefined ? [] : [`--use-file-for-fake-audio-capture=${microphone}`]),
      ...(trusted === undefined ? [] : [`--unsafely-treat-insecure-origin-as-secure=${trusted}`]),
      // A tab in the background must go on decoding: several people watch in one browser here.
      "--disable-renderer-backgrounding",
      "--disable-background-timer-throttling",
      "--disable-backgrounding-occluded-windows",
    ],
  });
  return new Browser("chromium", browser, async () => {
    const context = await browser.newContext({ viewport: SIZE });
    const page = await context.newPage();
    await page.addInitScript(keepPeerConnections);
    return page;
  });
}

/** Firefox with fake media. It has no H.264 here: that is a plug-in it would download. `preferences` are of about:config. */
export async function openFirefox({ line, preferences = {} } = {}) {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: line?.executable(FIREFOX) ?? FIREFOX,
    // It is driven through its loopback, and a namespace has its own.
    debuggingPort: await line?.relayedPort(),
    headless: true,
    args: [`--width=${SIZE.width}`, `--height=${SIZE.height}`],
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.autoplay.default": 0,
      "media.peerconnection.ice.loopback": true,
      "media.peerconnection.ice.obfuscate_host_addresses": false,
      "media.gmp-manager.updateEnabled": false,
      "app.update.enabled": false,
      "datareporting.policy.dataSubmissionEnabled": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      ...preferences,
    },
  });
  return new Browser("firefox", browser, async () => {
    const page = await browser.newPage();
    await page.setViewport(SIZE);
    await page.evaluateOnNewDocument(keepPeerConnections);
    return page;
  });
}

export class Browser {
  #browser;
  #newPage;

  constructor(name, browser, newPage) {
    this.name = name;
    this.#browser = browser;
    this.#newPage = newPage;
  }

  async tab(url) {
    const tab = new Tab(this.name, await this.#newPage());
    if (url !== undefined) await tab.goto(url);
    return tab;
  }

  async close() {
    await this.#browser.close();
  }
}

/** One page. What both drivers have in common, and nothing more. */
export class Tab {
  #page;
  #console = [];

  constructor(browser, page) {
    this.browser = browser;
    this.#page = page;
    page.on("console", (message) => this.#console.push(message.text()));
    page.on("pageerror", (error) => this.#console.push(`uncaught: ${error.message}`));
  }

  /** What the page has written to its console, exceptions among it. */
  get console() {
    return this.#console;
  }

  goto(url) {
    return this.#page.goto(url, { waitUntil: "load", timeout: 30_000 });
  }

  reload() {
    return this.#page.reload({ waitUntil: "load", timeout: 30_000 });
  }

  ask(fn, argument) {
    return this.#page.evaluate(fn, argument);
  }

  /** Clicks the element that carries this test id. */
  async click(testid) {
    const selector = `[data-testid="${testid}"]:not([disabled])`;
    await this.#page.waitForSelector(selector, { timeout: 20_000 });
    await this.#page.click(selector);
  }

  /** Puts text in place of what a field holds. */
  async fill(testid, text) {
    const selector = `[data-testid="${testid}"]`;
    await this.#page.waitForSelector(selector, { timeout: 20_000 });
    await this.#page.focus(selector);
    await this.ask((id) => document.querySelector(`[data-testid="${id}"]`).select(), testid);
    await (text === "" ? this.press("Delete") : this.type(text));
  }

  press(key) {
    return this.#page.keyboard.press(key);
  }

  type(text) {
    return this.#page.keyboard.type(text);
  }

  async resize(width, height) {
    await (this.browser === "firefox" ? this.#page.setViewport({ width, height }) : this.#page.setViewportSize({ width, height }));
  }

  async choose(testid, value) {
    const selector = `[data-testid="${testid}"]`;
    await this.#page.waitForSelector(selector, { timeout: 20_000 });
    await (this.browser === "firefox" ? this.#page.select(selector, value) : this.#page.selectOption(selector, value));
  }

  /** The text of an element, or null while there is none. */
  text(testid) {
    return this.ask((id) => document.querySelector(`[data-testid="${id}"]`)?.textContent ?? null, testid);
  }

  attribute(testid, name) {
    return this.ask(
      ([id, attribute]) => document.querySelector(`[data-testid="${id}"]`)?.getAttribute(attribute) ?? null,
      [testid, name],
    );
  }

  screenshot(name) {
    return this.#page.screenshot({ path: artefact(`${name}.png`) });
  }

  close() {
    return this.#page.close();
  }
}

/** Runs in the page before its own code: statistics are asked of the connections themselves, not of the page. */
function keepPeerConnections() {
  const Real = globalThis.RTCPeerConnection;
  const kept = [];
  globalThis.__connections = kept;
  globalThis.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      kept.push(this);
    }
  };
}
