// Reads panels with their frames from stdin, lets @grafana/data apply defaults, overrides, units and mappings, and writes the texts.
//   node format.cjs FOLDER_WITH_NODE_MODULES
const path = require("path");
const fs = require("fs");
const { createRequire } = require("module");
const load = createRequire(path.join(process.argv[2], "package.json"));

const { JSDOM } = load("jsdom");
const dom = new JSDOM("<!doctype html><body></body>", { url: "http://localhost:3000/" });
globalThis.window = dom.window;
globalThis.document = dom.window.document;
globalThis.localStorage = dom.window.localStorage;
if (!globalThis.navigator) globalThis.navigator = dom.window.navigator;
dom.window.matchMedia = () => ({ matches: false, addEventListener() {}, removeEventListener() {} });

const grafana = load("@grafana/data");
const theme = grafana.createTheme();
const TIME_ZONE = "utc";
const RANGE = "from=1000&to=2000";

// Grafana registers the editors of these properties with the same processors.
function property(id, process, extra = {}) {
  return { id, path: id, name: id, editor: () => null, override: () => null, process, shouldApply: () => true, settings: {}, ...extra };
}
function registry(panel) {
  const found = new grafana.FieldConfigOptionsRegistry();
  const plain = ["min", "max", "decimals"].map((id) => property(id, grafana.numberOverrideProcessor));
  const own = new Set(Object.keys(panel.fieldConfig.defaults.custom ?? {}));
  for (const override of panel.fieldConfig.overrides)
    for (const { id } of override.properties) if (id.startsWith("custom.")) own.add(id.slice("custom.".length));
  const custom = [...own].map((name) =>
    property(`custom.${name}`, (value) => value, { path: name, isCustom: true }));
  for (const item of [
    ...plain, ...custom,
    property("unit", grafana.unitOverrideProcessor),
    property("displayName", grafana.displayNameOverrideProcessor, { settings: { expandTemplateVars: true } }),
    property("noValue", grafana.stringOverrideProcessor),
    property("color", grafana.identityOverrideProcessor),
    property("links", grafana.dataLinksOverrideProcessor),
    property("mappings", grafana.valueMappingsOverrideProcessor),
    property("thresholds", grafana.thresholdsOverrideProcessor),
  ]) found.register(item);
  return found;
}

// What dashboards put into titles and addresses; formats beyond it would be left in the text, which the tests refuse.
function replaceVariables(text, scoped = {}) {
  const context = scoped.__dataContext?.value ?? {};
  const field = context.field ?? scoped.__field?.value?.field;
  return text.replace(/\$\{(\w+)((?:\.[\w ]+)*)(?::(\w+))?\}/g, (whole, name, steps, format) => {
    const keys = steps.split(".").filter(Boolean);
    const encode = (value) => (format === "percentencode" ? encodeURIComponent(value) : String(value));
    if (name === "__url_time_range") return RANGE;
    if (name === "__field" && keys[0] === "labels") {
      const labels = field?.labels ?? scoped.__field?.value?.labels;
      return labels && keys[1] in labels ? encode(labels[keys[1]]) : whole;
    }
    if (name === "__value" && context.rowIndex !== undefined)
      return encode(grafana.formattedValueToString(shown(context.field, context.rowIndex)));
    if (name === "__data" && keys[0] === "fields" && context.rowIndex !== undefined) {
      const column = context.frame.fields.find((other) => other.name === keys[1]);
      if (!column) return whole;
      const value = shown(column, context.rowIndex);
      return encode(keys[2] === "numeric" ? value.numeric : grafana.formattedValueToString(value));
    }
    if (format === "queryparam") return `var-${name}=chosen`;
    return whole;
  });
}
function shown(field, row) {
  return field.display(field.values.get ? field.values.get(row) : field.values[row]);
}

grafana.locationUtil.initialize({
  config: { appSubUrl: "" }, getVariablesUrlParams: () => ({}), getTimeRangeForUrl: () => ({ from: 1000, to: 2000 }),
});

// Grafana's overrides that fit none of the frame's fields.
function unused(panel, frames) {
  return panel.fieldConfig.overrides
    .filter(({ matcher }) => {
      const fits = grafana.fieldMatchers.get(matcher.id).get(matcher.options);
      return !frames.some((frame) => frame.fields.some((field) => fits(field, frame, frames)));
    })
    .map(({ matcher }) => `${matcher.id} ${matcher.options}`);
}
function series(field, frame, frames) {
  const mode = grafana.getFieldColorModeForField(field);
  const calculator = mode.getCalculator(field, theme);
  const colour = mode.isByValue ? "" : calculator(0, 0);
  return { name: grafana.getFieldDisplayName(field, frame, frames), type: field.type, colour };
}
function cell(field, row) {
  const value = shown(field, row);
  const links = field.getLinks ? field.getLinks({ valueRowIndex: row }) : [];
  return {
    column: field.name, text: grafana.formattedValueToString(value), colour: value.color,
    links: links.map(({ href, title }) => ({ href, title })),
  };
}
function described({ name, panel, frame }) {
  const fieldConfig = { defaults: panel.fieldConfig.defaults, overrides: panel.fieldConfig.overrides };
  const raw = [grafana.toDataFrame(frame)];
  const frames = grafana.applyFieldOverrides({
    data: raw, fieldConfig, replaceVariables, theme, timeZone: TIME_ZONE, fieldConfigRegistry: registry(panel),
  });
  const visible = frames[0].fields.filter((field) => !field.config.custom?.hidden);
  const rows = [];
  if (["table", "bargauge", "barchart", "state-timeline"].includes(panel.type))
    for (let row = 0; row < frames[0].length; row++) rows.push(visible.map((field) => cell(field, row)));
  let values = [];
  if (["stat", "gauge"].includes(panel.type))
    values = grafana.getFieldDisplayValues({
      fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables, theme, data: frames, timeZone: TIME_ZONE,
      sparkline: panel.options.graphMode === "area",
    }).map(({ display, sparkline }) => ({
      title: display.title, text: grafana.formattedValueToString(display), colour: display.color, course: Boolean(sparkline),
    }));
  return {
    name, type: panel.type, rows, values, unused: unused(panel, frames),
    totals: (panel.options.legend?.calcs ?? []).map((id) => grafana.fieldReducers.get(id).name),
    series: frames[0].fields.map((field) => series(field, frames[0], frames)),
  };
}

process.stdout.write(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf-8")).map(described)));
