// Reads texts with variables from stdin, lets @grafana/scenes replace them as a dashboard does, and writes the results.
//   node interpolate.cjs FOLDER_WITH_NODE_MODULES
const path = require("path");
const fs = require("fs");
const Module = require("module");
const load = Module.createRequire(path.join(process.argv[2], "package.json"));

// Scenes' own bundle imports a file of types by a name that Node does not complete, and styles.
const original = Module._load;
Module._load = function (request, ...rest) {
  if (request.startsWith("@grafana/schema/dist/esm/raw")) return { pluginVersion: "" };
  if (/\.(css|svg)$/.test(request)) return {};
  return original.call(this, request, ...rest);
};

const { JSDOM } = load("jsdom");
const { window } = new JSDOM("<!doctype html><body></body>", { url: "http://localhost:3000/", pretendToBeVisual: true });
Object.assign(globalThis, { window, document: window.document, localStorage: window.localStorage });
if (!globalThis.navigator) globalThis.navigator = window.navigator;
for (const name of ["Event", "CustomEvent", "EventTarget", "MouseEvent"]) globalThis[name] = window[name];
for (const name of Object.getOwnPropertyNames(window)) if (!(name in globalThis)) globalThis[name] = window[name];
class Observer { observe() {} unobserve() {} disconnect() {} }
Object.assign(globalThis, { ResizeObserver: Observer, IntersectionObserver: Observer, Path2D: class {} });
globalThis.matchMedia = window.matchMedia = () => ({ matches: false, addListener() {}, addEventListener() {}, removeEventListener() {} });

const grafana = load("@grafana/data");
const { sceneGraph, EmbeddedScene, SceneTimeRange, SceneVariableSet, CustomVariable, TextBoxVariable, SceneFlexLayout } = load("@grafana/scenes");

const { from, to, variables, frame, texts } = JSON.parse(fs.readFileSync(0, "utf-8"));
function variable({ name, value, allValue }) {
  if (name === "q") return new TextBoxVariable({ name, value });
  const isMulti = Array.isArray(value);
  return new CustomVariable({ name, value, text: value, isMulti, includeAll: Boolean(allValue), allValue, query: "" });
}
const scene = new EmbeddedScene({
  $timeRange: new SceneTimeRange({ from, to, timeZone: "utc" }),
  $variables: new SceneVariableSet({ variables: variables.map(variable) }),
  body: new SceneFlexLayout({ children: [] }),
});
const table = grafana.toDataFrame(frame);
const theme = grafana.createTheme();
for (const field of table.fields) field.display = grafana.getDisplayProcessor({ field, theme, timeZone: "utc" });
const scoped = { __dataContext: { value: { data: [table], frame: table, field: table.fields[0], rowIndex: 0 } } };
process.stdout.write(JSON.stringify(texts.map((text) => sceneGraph.interpolate(scene, text, scoped))));
