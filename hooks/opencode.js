// claude-metrics: records OpenCode sessions. Written by `claude-metrics hook install`; do not edit, it is replaced.
//
// OpenCode has no session-end event: `session.idle` comes after each turn, `dispose` when the client exits. Both
// hand a few bytes to the recorder's hook in a process of its own; recording twice gives the same rows.
import { spawn } from "node:child_process"

const COMMAND = ["__CLAUDE_METRICS_COMMAND__"] // interpreter, hook, arguments: filled in when installed
const LAST_SESSIONS = 8 // recorded once more at exit, when there is little time
const EXIT_MS = 1000

function record(session, directory, event) {
  return new Promise((done) => {
    try {
      const payload = { session_id: session, cwd: directory, hook_event_name: event, agent: "opencode" }
      const options = { detached: true, stdio: ["pipe", "ignore", "ignore"], windowsHide: true }
      const child = spawn(COMMAND[0], COMMAND.slice(1), options)
      child.on("error", done)
      child.on("exit", done)
      child.stdin.on("error", done)
      child.stdin.end(JSON.stringify(payload))
      child.unref()
    } catch {
      done()
    }
  })
}

export const ClaudeMetrics = async (context) => {
  const directory = context?.directory ?? process.cwd()
  const seen = new Set()
  return {
    event: async (input) => {
      const session = input?.event?.properties?.sessionID
      if (typeof session !== "string") return
      seen.delete(session) // so that the set is in order of last use
      seen.add(session)
      if (input.event.type === "session.idle") record(session, directory, "session.idle")
    },
    dispose: async () => {
      const all = [...seen].slice(-LAST_SESSIONS).map((session) => record(session, directory, "dispose"))
      let timer
      const late = new Promise((done) => (timer = setTimeout(done, EXIT_MS)))
      await Promise.race([Promise.all(all), late])
      clearTimeout(timer)
    },
  }
}
