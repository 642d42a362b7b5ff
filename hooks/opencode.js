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

const server = async (context) => {
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

// OpenCode 2 hands over a context instead of asking for hooks, and names its events otherwise: a session that has
// been quiet for a while is taken for idle. (Form of 1.18: `server`; of 2: `setup`. Both read the default export.)
const QUIET_MS = 2000

async function setup(context) {
  const directory = context?.location?.directory ?? context?.directory ?? process.cwd()
  const timers = new Map()
  const see = (event) => {
    const session = event?.properties?.sessionID ?? event?.data?.sessionID ?? event?.sessionID
    if (typeof session !== "string") return
    clearTimeout(timers.get(session))
    timers.set(session, setTimeout(() => record(session, directory, "session.idle"), QUIET_MS))
    timers.get(session).unref?.()
  }
  let ended = false
  const stream = await context?.event?.subscribe?.(see)
  if (stream?.[Symbol.asyncIterator]) {
    const read = async () => {
      for await (const event of stream) {
        if (ended) return
        see(event)
      }
    }
    read().catch(() => {})
  }
  return async () => {
    ended = true
    if (typeof stream === "function") stream()
    const sessions = [...timers.keys()].slice(-LAST_SESSIONS)
    for (const timer of timers.values()) clearTimeout(timer)
    await Promise.race([
      Promise.all(sessions.map((session) => record(session, directory, "dispose"))),
      new Promise((done) => setTimeout(done, EXIT_MS)),
    ])
  }
}

export default { id: "claude-metrics", server, setup: (context) => setup(context).catch(() => {}) }
