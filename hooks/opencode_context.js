// claude-metrics: the session-start note for OpenCode. Written by `claude-metrics hook install`; it is replaced.
//
// The note is made once per client: the system prompt is sent with every request and has to stay the same.
import { execFile } from "node:child_process"

const COMMAND = ["__CLAUDE_METRICS_COMMAND__"] // interpreter, script, arguments: filled in when installed
const LIMIT_MS = 5000
const LIMIT_BYTES = 1024 * 1024

function note(directory) {
  return new Promise((done) => {
    try {
      const options = { cwd: directory, timeout: LIMIT_MS, maxBuffer: LIMIT_BYTES, windowsHide: true }
      const child = execFile(COMMAND[0], COMMAND.slice(1), options, (error, text) => done(error ? "" : text.trim()))
      child.stdin.on("error", () => {})
      child.stdin.end(JSON.stringify({ cwd: directory, hook_event_name: "SessionStart", agent: "opencode" }))
    } catch {
      done("")
    }
  })
}

const server = async (context) => {
  const pending = note(context?.directory ?? process.cwd())
  return {
    "experimental.chat.system.transform": async (_input, output) => {
      const text = await pending
      if (text) output.system.push(text)
    },
  }
}

// OpenCode 2 loads a file only with `setup`; it has no hook by which a text could reach the system prompt unchanged
// in every request, so nothing is added there.
export default { id: "claude-metrics-context", server, setup: () => {} }
