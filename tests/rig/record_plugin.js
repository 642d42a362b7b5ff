// The rig's OpenCode plugin: appends every event of a session to the file named by RIG_HOOKS.
import { appendFileSync } from "node:fs"

const log = (event, payload) =>
  appendFileSync(process.env.RIG_HOOKS, JSON.stringify({ at: Date.now() / 1000, event, payload }) + "\n")

export const Recorder = async ({ directory, worktree }) => {
  log("plugin.init", { directory, worktree })
  return {
    event: async ({ event }) => {
      if (event.type.startsWith("session.")) log("event:" + event.type, event)
    },
    dispose: async () => log("dispose", {}),
  }
}
